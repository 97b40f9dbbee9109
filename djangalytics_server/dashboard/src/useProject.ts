import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { followAddress, forgetProject, isRemembered } from "./api/project";
import type { Session } from "./api/types";

/** Keeps what is shown to the project that the address names, and forgets one that is gone. */
export function useProject(session: Session | undefined): void {
  const client = useQueryClient();
  useEffect(() => {
    const follow = () => {
      if (followAddress()) void client.resetQueries();
    };
    window.addEventListener("popstate", follow);
    return () => window.removeEventListener("popstate", follow);
  }, [client]);
  // Another server may have had this address before, or the reader has left the organisation.
  const gone =
    session !== undefined &&
    !session.canRead &&
    (session.authenticated || session.mode === "development");
  useEffect(() => {
    if (!gone || !isRemembered()) return;
    forgetProject();
    void client.resetQueries();
  }, [client, gone]);
}
