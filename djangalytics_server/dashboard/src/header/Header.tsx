import type { ReactNode } from "react";
import { withProject } from "../api/project";
import type { Session } from "../api/types";
import { Icon } from "../icons/Icon";
import { follow, SETTINGS_PATH } from "../settings/place";
import { ThemeToggle } from "../theme/ThemeToggle";
import { nameZone } from "../zone/zone";
import { Brand } from "./Brand";
import { ProjectSwitcher } from "./ProjectSwitcher";
import { SignOut } from "./SignOut";

interface Props {
  session: Session | undefined;
  zone: string;
  now: Date;
  children?: ReactNode;
}

/** Whose numbers these are, in which zone's days, and how fresh. */
export function Header({ session, zone, now, children }: Props) {
  return (
    <header className="top">
      <div className="brand">
        <Brand />
        <h1>Djangalytics</h1>
        {session?.canRead === true && <ProjectSwitcher session={session} />}
        {session?.demo === true && <span className="tag">Demo</span>}
      </div>
      <div className="top-tools">
        <p className="zone">
          <span className="zone-lead">Times in </span>
          {nameZone(zone, now)}
        </p>
        {children}
        <ThemeToggle />
        {session?.authenticated === true && (
          <a
            className="button icon-button"
            href={`${SETTINGS_PATH}${withProject("")}`}
            aria-label="Settings"
            title="Settings"
            onClick={follow}
          >
            <Icon name="settings" />
          </a>
        )}
        {session?.authenticated === true && <SignOut session={session} />}
      </div>
    </header>
  );
}
