import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { chooseProject } from "../api/project";
import { createProject } from "../api/projects";
import type { Project } from "../api/types";
import { Field } from "../capture/Field";
import { Panel } from "../panel/Panel";
import { LONGEST_NAME } from "./limits";
import { SettingsForm } from "./SettingsForm";
import { useChange } from "./useChange";
import { ZoneSelect } from "./ZoneSelect";

/** Another project in the same organisation; it is opened when it is made. */
export function NewProject({ project, csrfToken }: { project: Project; csrfToken: string | null }) {
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [zone, setZone] = useState(project.timeZone);
  const { busy, fault, change } = useChange();
  const submit = async () => {
    const make = async () => {
      const made = await createProject({ name: name.trim(), time_zone: zone }, csrfToken);
      chooseProject(made.id);
    };
    if (await change(make)) await client.resetQueries();
  };
  return (
    <Panel title="New project" note={`In ${project.organisation.name}, for its people.`}>
      <SettingsForm
        id="new-project-form"
        word="Make project"
        busyWord="Making…"
        kind="plain"
        makes
        {...{ busy, fault }}
        onSubmit={submit}
      >
        <Field id="new-project-name" label="Name of the new project" fault={null}>
          <input
            id="new-project-name"
            type="text"
            autoComplete="off"
            required
            maxLength={LONGEST_NAME}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        </Field>
        <Field id="new-project-zone" label="Its time zone" fault={null}>
          <ZoneSelect id="new-project-zone" value={zone} onChange={setZone} />
        </Field>
      </SettingsForm>
    </Panel>
  );
}
