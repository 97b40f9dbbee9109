import { useState, type SubmitEvent } from "react";
import { renameOrganisation } from "../api/projects";
import type { Project } from "../api/types";
import { Fault, Field } from "../capture/Field";
import { LONGEST_NAME } from "./limits";
import { useChange } from "./useChange";

/** What the organisation is called, as invitations say it. */
export function OrganisationForm({ project, csrfToken }: { project: Project; csrfToken: string | null }) {
  const [name, setName] = useState(project.organisation.name);
  const [done, setDone] = useState(false);
  const { busy, fault, change } = useChange("session");
  const submit = async (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    setDone(await change(() => renameOrganisation(name.trim(), csrfToken)));
  };
  return (
    <details className="danger-zone">
      <summary>Rename the organisation…</summary>
      <form
        className="settings-form"
        onSubmit={(event) => void submit(event)}
        onChange={() => setDone(false)}
      >
        <Field id="organisation-name" label="Organisation name" fault={null}>
          <input
            id="organisation-name"
            type="text"
            autoComplete="off"
            required
            maxLength={LONGEST_NAME}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        </Field>
        <div>
          <button type="submit" className="button" disabled={busy}>
            {busy ? "Renaming…" : "Rename"}
          </button>
          <p className="done" role="status">
            {done && "Renamed."}
          </p>
          <Fault id="organisation-fault" text={fault} />
        </div>
      </form>
    </details>
  );
}
