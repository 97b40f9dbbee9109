import { takeBack, type Invitation } from "../api/people";
import { Fault } from "../capture/Field";
import { absoluteTime, relativeTime } from "../zone/format";
import { useChange } from "./useChange";

interface Props {
  invitation: Invitation;
  now: Date;
  zone: string;
  csrfToken: string | null;
}

/** Somebody who has not come yet. */
export function InvitationRow({ invitation, now, zone, csrfToken }: Props) {
  const { busy, fault, change } = useChange("invitations");
  const ends = new Date(invitation.expiresAt);
  return (
    <li className="entry entry-ended" data-testid="invitation">
      <div className="entry-what">
        <p className="entry-name">
          {invitation.email} <span className="chip">invited as {invitation.role}</span>
        </p>
        <p className="hint">
          by {invitation.createdBy} ·{" "}
          <span title={absoluteTime(ends, zone)}>ends {relativeTime(ends, now)}</span>
        </p>
      </div>
      <div className="entry-ways">
        <button
          type="button"
          className="button"
          disabled={busy}
          aria-label={`Take back the invitation of ${invitation.email}`}
          onClick={() => void change(() => takeBack(invitation.id, csrfToken))}
        >
          Take back
        </button>
      </div>
      <Fault id={`invitation-${invitation.id}-fault`} text={fault} />
    </li>
  );
}
