import type { ReactNode } from "react";
import type { Session } from "../api/types";
import { ThemeToggle } from "../theme/ThemeToggle";
import { nameZone } from "../zone/zone";
import { Brand } from "./Brand";
import { SignOut } from "./SignOut";

interface Props {
  session: Session | undefined;
  zone: string;
  now: Date;
  children?: ReactNode;
}

/** Whose numbers these are, in which zone's days, and how fresh. */
export function Header({ session, zone, now, children }: Props) {
  const project = session?.canRead ? session.project?.name : undefined;
  return (
    <header className="top">
      <div className="brand">
        <Brand />
        <h1>
          Djangalytics
          {project !== undefined && <span className="brand-project">{project}</span>}
        </h1>
        {session?.demo === true && <span className="tag">Demo</span>}
      </div>
      <div className="top-tools">
        <p className="zone">
          <span className="zone-lead">Times in </span>
          {nameZone(zone, now)}
        </p>
        {children}
        <ThemeToggle />
        {session?.authenticated === true && <SignOut session={session} />}
      </div>
    </header>
  );
}
