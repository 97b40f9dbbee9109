import { useState } from "react";
import { withProject } from "../api/project";
import type { Session } from "../api/types";
import { Header } from "../header/Header";
import { Icon } from "../icons/Icon";
import { Panel } from "../panel/Panel";
import { Banner } from "../states/Banner";
import { useFailure } from "../states/failing";
import { useNow } from "../zone/useNow";
import { viewerZone } from "../zone/zone";
import { AccountPanels } from "./AccountPanels";
import { ErasePanel } from "./ErasePanel";
import { KeysPanel } from "./KeysPanel";
import { NewProject } from "./NewProject";
import { PeoplePanels } from "./PeoplePanels";
import { follow, HOME_PATH } from "./place";
import { ProjectPanel } from "./ProjectPanel";
import { RetentionPanel } from "./RetentionPanel";
import { mayManage } from "./roles";
import { SendingPanel } from "./SendingPanel";
import { TrailPanel } from "./TrailPanel";
import { useKeys } from "./useKeys";

/** The project, its keys, its people, and one's own account: for those who are signed in. */
export function SettingsPage({ session }: { session: Session }) {
  const [zone] = useState(viewerZone);
  const now = useNow(15_000);
  const { project, role } = session;
  return (
    <>
      <Header session={session} zone={zone} now={now} />
      <main id="main" tabIndex={-1}>
        <div className="settings">
          <a className="back" href={`${HOME_PATH}${withProject("")}`} onClick={follow}>
            <Icon name="back" />
            Dashboard
          </a>
          {mayManage(role) && project !== null ? (
            <Managing session={session} zone={zone} now={now} />
          ) : (
            <Panel title={project?.name ?? "Project"}>
              <p className="quiet">
                <strong>You are {role} here.</strong> Keys, people and the project itself are managed
                by the admins and owners of {project?.organisation.name}.
              </p>
            </Panel>
          )}
          <AccountPanels session={session} zone={zone} now={now} />
        </div>
      </main>
    </>
  );
}

function Managing({ session, zone, now }: { session: Session; zone: string; now: Date }) {
  const keys = useKeys();
  const failure = useFailure([keys]);
  const { project, csrfToken } = session;
  if (project === null) return null;
  return (
    <>
      <Banner failure={failure} lastGood={keys.data === undefined ? 0 : keys.dataUpdatedAt} />
      <h2 className="settings-title">
        {project.name} <small>project</small>
      </h2>
      <KeysPanel keys={keys.data} now={now} zone={zone} csrfToken={csrfToken} />
      <div className="settings-row">
        <ProjectPanel project={project} session={session} />
        <NewProject project={project} csrfToken={csrfToken} />
      </div>
      <div className="settings-halves">
        <RetentionPanel now={now} csrfToken={csrfToken} />
        <ErasePanel {...{ zone, now, csrfToken }} />
      </div>
      <SendingPanel />
      <TrailPanel zone={zone} now={now} />
      <h2 className="settings-title">
        {project.organisation.name} <small>organisation</small>
      </h2>
      <PeoplePanels session={session} zone={zone} now={now} />
    </>
  );
}
