import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { erase, fetchErasures, type Erasure } from "../api/data";
import { Field } from "../capture/Field";
import { Panel } from "../panel/Panel";
import { isFailing } from "../states/failing";
import { absoluteTime, number, relativeTime } from "../zone/format";
import { Meter } from "./Meter";
import { SettingsForm } from "./SettingsForm";
import { useChange } from "./useChange";

const AGAIN_MS = 3_000;
const BUSY_MS = 500;
const LONGEST_ID = 200;
const SHOWN = 5;

interface Props {
  zone: string;
  now: Date;
  csrfToken: string | null;
}

/** Everything of one person removed, asked for twice; and how far that is. */
export function ErasePanel({ zone, now, csrfToken }: Props) {
  const [person, setPerson] = useState("");
  const [again, setAgain] = useState("");
  const { busy, fault, change } = useChange("erasures", "retention");
  const erasures = useQuery({
    queryKey: ["erasures"],
    queryFn: ({ signal }) => fetchErasures(signal),
    refetchInterval: ({ state }) =>
      isFailing(state) ? AGAIN_MS : state.data?.some(isGoing) === true ? BUSY_MS : false,
  });
  const submit = async () => {
    if (await change(() => erase(person, csrfToken))) {
      setPerson("");
      setAgain("");
    }
  };
  const differs = again !== "" && !person.startsWith(again) ? "That is another id." : null;
  return (
    <Panel
      title="Erase a person"
      note="All their events and their share of every count, for good."
      testId="panel-erase"
    >
      <SettingsForm
        id="erase"
        word="Erase person"
        busyWord="Erasing…"
        kind="danger"
        {...{ busy, fault }}
        disabled={person === "" || person !== again}
        onSubmit={submit}
      >
        <Field id="erase-person" label="Their distinct id" fault={null} hint="As events call them.">
          <input
            id="erase-person"
            type="text"
            autoComplete="off"
            spellCheck={false}
            maxLength={LONGEST_ID}
            value={person}
            onChange={(event) => setPerson(event.target.value)}
          />
        </Field>
        <Field id="erase-again" label="The same id again" fault={differs}>
          <input
            id="erase-again"
            type="text"
            autoComplete="off"
            spellCheck={false}
            maxLength={LONGEST_ID}
            value={again}
            onChange={(event) => setAgain(event.target.value)}
          />
        </Field>
      </SettingsForm>
      {erasures.data !== undefined && erasures.data.length > 0 && (
        <ul className="erasures" aria-label="Erasures">
          {erasures.data.slice(0, SHOWN).map((entry) => (
            <ErasureRow key={entry.id} {...{ entry, zone, now }} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function isGoing(entry: Erasure): boolean {
  return entry.state !== "done";
}

function ErasureRow({ entry, zone, now }: { entry: Erasure; zone: string; now: Date }) {
  const asked = new Date(entry.askedAt);
  const events = `${number(entry.events)}${isGoing(entry) && entry.of !== null ? ` of ${number(entry.of)}` : ""} events`;
  const refused = entry.rejected === 0 ? "" : ` and ${number(entry.rejected)} refused ones`;
  return (
    <li className="entry" data-testid="erasure">
      <div className="entry-what">
        <p className="entry-name mono small" title="The beginning of the SHA-256 of the id">
          {entry.subject}
        </p>
        {isGoing(entry) ? (
          <Meter
            label="Erasure"
            done={entry.events}
            of={entry.of ?? 0}
            words={`${entry.state === "running" ? "Erasing" : "Waiting"}: ${events}`}
          />
        ) : (
          <p className="hint">
            {events}
            {refused} erased · asked by {entry.askedBy}{" "}
            <span title={absoluteTime(asked, zone)}>{relativeTime(asked, now)}</span>
          </p>
        )}
      </div>
    </li>
  );
}
