import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { signOut } from "../api/endpoints";
import { describeFailure } from "../api/failure";
import type { Session } from "../api/types";
import { Icon } from "../icons/Icon";

/** Ends the session on the server, and forgets what was read with it. */
export function SignOut({ session }: { session: Session }) {
  const client = useQueryClient();
  const [fault, setFault] = useState<string | null>(null);
  const leave = async () => {
    try {
      await signOut(session.csrfToken);
      setFault(null);
    } catch (failure) {
      setFault(describeFailure(failure).title);
    }
    await client.resetQueries();
  };
  const who = session.user === null ? "Sign out" : `Sign out ${session.user.name}`;
  return (
    <>
      <button
        type="button"
        className="button icon-button"
        aria-label={who}
        title={who}
        onClick={() => void leave()}
      >
        <Icon name="exit" />
      </button>
      {fault !== null && (
        <p role="alert" className="fault">
          Not signed out. {fault}
        </p>
      )}
    </>
  );
}
