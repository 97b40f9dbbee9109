import { useState } from "react";
import { revokeKey, rotateKey, type FreshKey, type Key } from "../api/keys";
import { Fault } from "../capture/Field";
import { absoluteTime, relativeTime } from "../zone/format";
import { Sure } from "./Sure";
import { useChange } from "./useChange";

interface Props {
  entry: Key;
  now: Date;
  zone: string;
  csrfToken: string | null;
  onFresh: (fresh: FreshKey) => void;
}

type Asking = "nothing" | "revoke" | "rotate";

const QUESTIONS = {
  revoke: "Programs that use it are refused within a second. This cannot be undone.",
  rotate: "Makes a new key; this one goes on for a day, so that you can change over.",
} as const;

/** One key: what it is, when it was used, and the ways to end it. */
export function KeyRow({ entry, now, zone, csrfToken, onFresh }: Props) {
  const [asking, setAsking] = useState<Asking>("nothing");
  const { busy, fault, change } = useChange("keys");
  const active = entry.state === "active";
  const act = async () => {
    const acting = asking;
    const make = async () => {
      if (acting === "rotate") onFresh(await rotateKey(entry.id, csrfToken));
      else await revokeKey(entry.id, csrfToken);
    };
    if (await change(make)) setAsking("nothing");
  };
  return (
    <li className={active ? "entry" : "entry entry-ended"} data-testid="key">
      <div className="entry-what">
        <p className="entry-name">
          {entry.name === "" ? "(no name)" : entry.name} <span className="chip">{entry.kind}</span>
          {!active && <span className="chip chip-ended">{entry.state}</span>}
        </p>
        <p className="hint">
          <span className="mono">{entry.prefix}…</span> · <Facts entry={entry} now={now} zone={zone} />
        </p>
      </div>
      {active && asking === "nothing" && (
        <div className="entry-ways">
          <Way word="Rotate" name={entry.name} onClick={() => setAsking("rotate")} />
          <Way word="Revoke" name={entry.name} onClick={() => setAsking("revoke")} />
        </div>
      )}
      {asking !== "nothing" && (
        <Sure
          question={QUESTIONS[asking]}
          word={asking === "revoke" ? "Revoke key" : "Rotate key"}
          danger={asking === "revoke"}
          busy={busy}
          onSure={() => void act()}
          onKeep={() => setAsking("nothing")}
        />
      )}
      <Fault id={`key-${entry.id}-fault`} text={fault} />
    </li>
  );
}

function Way({ word, name, onClick }: { word: string; name: string; onClick: () => void }) {
  return (
    <button type="button" className="button" aria-label={`${word} ${name}`} onClick={onClick}>
      {word}
    </button>
  );
}

function Facts({ entry, now, zone }: { entry: Key; now: Date; zone: string }) {
  const moment = (label: string, at: string) => (
    <span title={absoluteTime(new Date(at), zone)}>
      {label} {relativeTime(new Date(at), now)}
    </span>
  );
  const end = entry.state === "active" ? "ends" : "ended";
  return (
    <>
      {moment("made", entry.createdAt)}
      {entry.createdBy !== null && ` by ${entry.createdBy}`} ·{" "}
      {entry.lastUsedAt === null ? "never used" : moment("used", entry.lastUsedAt)}
      {entry.revokedAt !== null && <> · {moment("revoked", entry.revokedAt)}</>}
      {entry.revokedAt === null && entry.expiresAt !== null && <> · {moment(end, entry.expiresAt)}</>}
    </>
  );
}
