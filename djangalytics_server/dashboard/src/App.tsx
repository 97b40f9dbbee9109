import { useState } from "react";
import { useSession } from "./api/useSession";
import { Dashboard } from "./Dashboard";
import { Header } from "./header/Header";
import { Skeleton } from "./panel/Skeleton";
import { Banner } from "./states/Banner";
import { useFailure } from "./states/failing";
import { SignIn } from "./states/SignIn";
import { viewerZone } from "./zone/zone";

function Body() {
  const session = useSession();
  const failure = useFailure([session]);
  const [zone] = useState(viewerZone);
  const [now] = useState(() => new Date());
  if (session.data?.canRead === true) return <Dashboard session={session.data} />;
  return (
    <>
      <Header session={session.data} zone={zone} now={now} />
      <main id="main" tabIndex={-1}>
        <Banner failure={failure} lastGood={0} />
        {session.data === undefined ? <Skeleton kind="chart" /> : <SignIn />}
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
