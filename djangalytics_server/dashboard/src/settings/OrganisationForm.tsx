import { useState } from "react";
import { renameOrganisation } from "../api/projects";
import type { Project } from "../api/types";
import { Field } from "../capture/Field";
import { LONGEST_NAME } from "./limits";
import { SettingsForm } from "./SettingsForm";
import { useChange } from "./useChange";

/** What the organisation is called, as invitations say it. */
export function OrganisationForm({ project, csrfToken }: { project: Project; csrfToken: string | null }) {
  const [name, setName] = useState(project.organisation.name);
  const [done, setDone] = useState(false);
  const { busy, fault, change } = useChange("session");
  const submit = async () => {
    setDone(await change(() => renameOrganisation(name.trim(), csrfToken)));
  };
  return (
    <details className="danger-zone">
      <summary>Rename the organisation…</summary>
      <SettingsForm
        id="organisation"
        word="Rename"
        busyWord="Renaming…"
        kind="plain"
        {...{ busy, fault }}
        done={done ? "Renamed." : ""}
        onSubmit={submit}
        onEdit={() => setDone(false)}
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
      </SettingsForm>
    </details>
  );
}
