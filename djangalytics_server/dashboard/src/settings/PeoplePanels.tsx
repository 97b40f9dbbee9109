import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { fetchInvitations, fetchPeople, type Invitation } from "../api/people";
import type { Session } from "../api/types";
import { Panel } from "../panel/Panel";
import { Skeleton } from "../panel/Skeleton";
import { Banner } from "../states/Banner";
import { isFailing, useFailure } from "../states/failing";
import { InvitationRow } from "./InvitationRow";
import { InviteForm } from "./InviteForm";
import { OrganisationForm } from "./OrganisationForm";
import { PersonRow } from "./PersonRow";
import { ShownOnce } from "./ShownOnce";

const AGAIN_MS = 3_000;

interface Props {
  session: Session;
  zone: string;
  now: Date;
}

/** Who is in the organisation, who is invited, and a form to invite another. */
export function PeoplePanels({ session, zone, now }: Props) {
  const people = useQuery({
    queryKey: ["people"],
    queryFn: ({ signal }) => fetchPeople(signal),
    refetchInterval: ({ state }) => (isFailing(state) ? AGAIN_MS : false),
  });
  const invited = useQuery({
    queryKey: ["invitations"],
    queryFn: ({ signal }) => fetchInvitations(signal),
    refetchInterval: ({ state }) => (isFailing(state) ? AGAIN_MS : false),
  });
  const failure = useFailure([people, invited]);
  const [link, setLink] = useState<{ email: string; text: string } | null>(null);
  return (
    <>
      <Banner failure={failure} lastGood={people.data === undefined ? 0 : people.dataUpdatedAt} />
      <div className="settings-row">
        <Panel title="People" note="They see all projects of the organisation." testId="panel-people">
          {link !== null && (
            <ShownOnce
              title={`Give this link to ${link.email}.`}
              words="It is shown this once, works once, and ends after a week. Nothing was sent."
              label="Link"
              text={link.text}
              onKept={() => setLink(null)}
            />
          )}
          {people.data === undefined && <Skeleton kind="list" />}
          <ul aria-label="People">
            {people.data?.map((person) => (
              <PersonRow key={person.id} {...{ person, session, now, zone }} />
            ))}
          </ul>
          {people.data?.length === 1 && invited.data?.length === 0 && (
            <p className="quiet">
              <strong>Only you so far.</strong> Invite others here: viewers read, analysts capture
              too, admins manage.
            </p>
          )}
          <Waiting invited={invited.data ?? []} {...{ now, zone }} csrfToken={session.csrfToken} />
        </Panel>
        <Panel title="Invite">
          <InviteForm session={session} onLink={(email, text) => setLink({ email, text })} />
          {session.project !== null && (
            <OrganisationForm project={session.project} csrfToken={session.csrfToken} />
          )}
        </Panel>
      </div>
    </>
  );
}

interface WaitingProps {
  invited: readonly Invitation[];
  now: Date;
  zone: string;
  csrfToken: string | null;
}

function Waiting({ invited, now, zone, csrfToken }: WaitingProps) {
  if (invited.length === 0) return null;
  return (
    <ul aria-label="Invitations">
      {invited.map((invitation) => (
        <InvitationRow key={invitation.id} {...{ invitation, now, zone, csrfToken }} />
      ))}
    </ul>
  );
}
