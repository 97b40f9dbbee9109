import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { changeProject, deleteProject } from "../api/projects";
import { forgetProject } from "../api/project";
import type { Project, Session } from "../api/types";
import { Field } from "../capture/Field";
import { Panel } from "../panel/Panel";
import { LONGEST_NAME } from "./limits";
import { Pace, paceDraft, paceWish } from "./Pace";
import { goTo, HOME_PATH } from "./place";
import { SettingsForm } from "./SettingsForm";
import { useChange } from "./useChange";
import { ZoneSelect } from "./ZoneSelect";

interface Props {
  project: Project;
  session: Session;
}

/** The project's name, zone, from whom and how fast it takes events; and the way to be rid of it. */
export function ProjectPanel({ project, session }: Props) {
  const [name, setName] = useState(project.name);
  const [zone, setZone] = useState(project.timeZone);
  const [open, setOpen] = useState(project.openCapture);
  const [origins, setOrigins] = useState(project.origins.join("\n"));
  const [sources, setSources] = useState(project.sources.join("\n"));
  const [pace, setPace] = useState(paceDraft(project.limit));
  const [done, setDone] = useState(false);
  const { busy, fault, change } = useChange("session");
  const oldest = session.projects[0]?.id === project.id;
  const submit = async () => {
    const wish = {
      name: name.trim(),
      time_zone: zone,
      open_capture: open,
      origins: lines(origins),
      sources: lines(sources),
      limit: paceWish(pace),
    };
    setDone(await change(() => changeProject(project.id, wish, session.csrfToken)));
  };
  return (
    <Panel title="Project" note={`Its id is ${project.id}.`} testId="panel-project">
      <SettingsForm
        id="project"
        word="Save"
        busyWord="Saving…"
        {...{ busy, fault }}
        done={done ? "Saved." : ""}
        onSubmit={submit}
        onEdit={() => setDone(false)}
      >
        <Field id="project-name" label="Project name" fault={null}>
          <input
            id="project-name"
            type="text"
            autoComplete="off"
            required
            maxLength={LONGEST_NAME}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        </Field>
        <Field
          id="project-zone"
          label="Time zone"
          fault={null}
          hint="Whose days the API counts where a question names no zone. This page counts yours."
        >
          <ZoneSelect id="project-zone" value={zone} onChange={setZone} />
        </Field>
        <Lines
          id="project-origins"
          label="Web pages that may send events"
          hint="One origin a line, such as https://www.example.com. Browsers of other pages are refused; programs are not concerned."
          value={origins}
          onChange={setOrigins}
        />
        <Lines
          id="project-sources"
          label="Allowed sources"
          hint="What an event's source may be, one a line, such as web. Empty: anything, or nothing."
          value={sources}
          onChange={setSources}
        />
        <Pace draft={pace} onChange={setPace} />
        {(oldest || open) && (
          <label className="check">
            <input
              type="checkbox"
              checked={open}
              onChange={(event) => setOpen(event.target.checked)}
            />
            <span>
              Take events without a key
              <span className="hint"> from anybody who reaches this server. Close it on the internet.</span>
            </span>
          </label>
        )}
      </SettingsForm>
      {session.role === "owner" && <Deletion project={project} csrfToken={session.csrfToken} />}
    </Panel>
  );
}

interface LinesProps {
  id: string;
  label: string;
  hint: string;
  value: string;
  onChange: (value: string) => void;
}

/** Texts, one a line. */
function Lines({ id, label, hint, value, onChange }: LinesProps) {
  return (
    <Field id={id} label={label} fault={null} hint={hint}>
      <textarea
        id={id}
        rows={Math.min(8, Math.max(2, value.split("\n").length))}
        spellCheck={false}
        autoComplete="off"
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    </Field>
  );
}

function lines(value: string): string[] {
  return value.split("\n").map((line) => line.trim()).filter((line) => line !== "");
}

function Deletion({ project, csrfToken }: { project: Project; csrfToken: string | null }) {
  const client = useQueryClient();
  const [typed, setTyped] = useState("");
  const { busy, fault, change } = useChange();
  const submit = async () => {
    if (await change(() => deleteProject(project.id, typed, csrfToken))) {
      forgetProject();
      goTo(HOME_PATH);
      await client.resetQueries();
    }
  };
  return (
    <details className="danger-zone">
      <summary>Delete this project…</summary>
      <SettingsForm
        id="project-delete-form"
        word="Delete project"
        busyWord="Deleting…"
        kind="danger"
        {...{ busy, fault }}
        disabled={typed !== project.name}
        onSubmit={submit}
      >
        <Field
          id="project-delete"
          label={`Type ${project.name} to delete it`}
          fault={null}
          hint="All its events, counts and keys go with it. There is no way back."
        >
          <input
            id="project-delete"
            type="text"
            autoComplete="off"
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
        </Field>
      </SettingsForm>
    </details>
  );
}
