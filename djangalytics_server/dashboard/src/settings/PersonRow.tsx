import { useState } from "react";
import { removePerson, setRole, takeOffSecondFactor, type Member } from "../api/people";
import type { Role, Session } from "../api/types";
import { Fault } from "../capture/Field";
import { absoluteTime, relativeTime } from "../zone/format";
import { givenBy, ROLES } from "./roles";
import { Sure } from "./Sure";
import { useChange } from "./useChange";

interface Props {
  person: Member;
  session: Session;
  now: Date;
  zone: string;
}

/** One person: who they are, what they may do, and the way out. */
export function PersonRow({ person, session, now, zone }: Props) {
  const [asking, setAsking] = useState(false);
  const [taking, setTaking] = useState(false);
  const { busy, fault, change } = useChange("people", "session");
  const { csrfToken } = session;
  const you = person.id === session.user?.id;
  const within = session.role === "owner" || person.role !== "owner";
  const seen = person.lastSeenAt === null ? null : new Date(person.lastSeenAt);
  return (
    <li className="entry" data-testid="person">
      <div className="entry-what">
        <p className="entry-name">
          {person.name} {you && <span className="chip">you</span>}{" "}
          {person.secondFactor && <span className="chip">second factor</span>}
        </p>
        <p className="hint">
          {person.email !== null && `${person.email} · `}
          {seen === null ? (
            "not signed in"
          ) : (
            <span title={absoluteTime(seen, zone)}>seen {relativeTime(seen, now)}</span>
          )}
        </p>
      </div>
      {within && !asking ? (
        <div className="entry-ways">
          <select
            className="entry-role"
            aria-label={`Role of ${person.name}`}
            value={person.role}
            disabled={busy}
            onChange={(event) =>
              void change(() => setRole(person.id, event.target.value as Role, csrfToken))
            }
          >
            {givenBy(session.role).map(([id, label]) => (
              <option key={id} value={id}>
                {label}
              </option>
            ))}
          </select>
          <button
            type="button"
            className="button"
            aria-label={`Remove ${person.name}`}
            onClick={() => setAsking(true)}
          >
            Remove
          </button>
        </div>
      ) : (
        !asking && <p>{ROLES.find(([id]) => id === person.role)?.[1] ?? person.role}</p>
      )}
      {session.role === "owner" && !you && person.secondFactor && !asking && !taking && (
        <p>
          <button
            type="button"
            className="button"
            aria-label={`Take the second factor off ${person.name}`}
            onClick={() => setTaking(true)}
          >
            Take second factor off
          </button>
        </p>
      )}
      {taking && (
        <Sure
          question={`${person.name} is signed out everywhere, and signs in by password alone.`}
          word="Take it off"
          danger
          busy={busy}
          onSure={() =>
            void change(() => takeOffSecondFactor(person.id, csrfToken)).then(() => setTaking(false))
          }
          onKeep={() => setTaking(false)}
        />
      )}
      {asking && (
        <Sure
          question={`${person.name} is signed out everywhere and sees none of the projects any more. What they made stays.`}
          word="Remove person"
          danger
          busy={busy}
          onSure={() => void change(() => removePerson(person.id, csrfToken)).then(() => setAsking(false))}
          onKeep={() => setAsking(false)}
        />
      )}
      <Fault id={`person-${person.id}-fault`} text={fault} />
    </li>
  );
}
