import { useState } from "react";
import { useSession } from "./api/useSession";
import { Dashboard } from "./Dashboard";
import { Header } from "./header/Header";
import { Skeleton } from "./panel/Skeleton";
import { JoinPage } from "./settings/JoinPage";
import { JOIN_PATH, SETTINGS_PATH, usePlace } from "./settings/place";
import { SettingsPage } from "./settings/SettingsPage";
import { Banner } from "./states/Banner";
import { useFailure } from "./states/failing";
import { NotYours } from "./states/NotYours";
import { SignIn } from "./states/SignIn";
import { useProject } from "./useProject";
import { viewerZone } from "./zone/zone";

function Body() {
  const session = useSession();
  const place = usePlace();
  useProject(session.data);
  const failure = useFailure([session]);
  const [zone] = useState(viewerZone);
  const [now] = useState(() => new Date());
  const known = session.data?.authenticated === true;
  if (place === JOIN_PATH) return <JoinPage zone={zone} now={now} />;
  if (session.data?.canRead === true && (place !== SETTINGS_PATH || known)) {
    const Page = place === SETTINGS_PATH ? SettingsPage : Dashboard;
    return <Page key={session.data.project?.id} session={session.data} />;
  }
  return (
    <>
      <Header session={session.data} zone={zone} now={now} />
      <main id="main" tabIndex={-1}>
        <Banner failure={failure} lastGood={0} />
        {session.data === undefined && <Skeleton kind="chart" />}
        {session.data !== undefined && known && <NotYours session={session.data} />}
        {session.data !== undefined && !known && <SignIn toManage={place === SETTINGS_PATH} />}
      </main>
    </>
  );
}

function Foot() {
  const version = useSession().data?.version;
  return (
    <footer className="foot">
      <p>Djangalytics {version}</p>
      <p>
        <a href="/api/openapi.json">HTTP API</a>
      </p>
    </footer>
  );
}

export function App() {
  return (
    <>
      <a className="skip" href="#main">
        Skip to the numbers
      </a>
      <Body />
      <Foot />
    </>
  );
}
