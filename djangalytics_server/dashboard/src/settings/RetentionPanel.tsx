import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { fetchRetention, keepFor, type Retention } from "../api/data";
import { Field } from "../capture/Field";
import { Panel } from "../panel/Panel";
import { Skeleton } from "../panel/Skeleton";
import { isFailing } from "../states/failing";
import { number, relativeTime } from "../zone/format";
import { Meter } from "./Meter";
import { SettingsForm } from "./SettingsForm";
import { useChange } from "./useChange";

const MOST_DAYS = 36_500;
const AGAIN_MS = 3_000;
const BUSY_MS = 1_000;
const USUAL_DAYS = "90";

interface Props {
  now: Date;
  csrfToken: string | null;
}

/** How long raw events are kept, what that means, and how far the removal of old ones is. */
export function RetentionPanel({ now, csrfToken }: Props) {
  const kept = useQuery({
    queryKey: ["retention"],
    queryFn: ({ signal }) => fetchRetention(null, signal),
    refetchInterval: ({ state }) =>
      isFailing(state) ? AGAIN_MS : isBusy(state.data) ? BUSY_MS : 15_000,
  });
  return (
    <Panel
      title="How long events are kept"
      note="Counts stay for ever in any case."
      testId="panel-retention"
    >
      {kept.data === undefined ? (
        <Skeleton kind="list" />
      ) : (
        <>
          <Facts kept={kept.data} now={now} />
          <RetentionForm key={kept.data.days} kept={kept.data} csrfToken={csrfToken} />
        </>
      )}
    </Panel>
  );
}

function isBusy(kept: Retention | undefined): boolean {
  return kept !== undefined && (kept.run?.state === "running" || (kept.days !== null && kept.due > 0));
}

function Facts({ kept, now }: { kept: Retention; now: Date }) {
  const { run } = kept;
  const going = run !== null && run.state !== "done";
  return (
    <div className="facts">
      <p>
        <strong>{kept.days === null ? "For ever" : `${number(kept.days)} days`}</strong>
        <span className="hint">
          {" "}
          {number(kept.events)} events are here
          {kept.oldest !== null && `, the oldest from ${kept.oldest}`}. {number(kept.removed)} were
          removed by age.
        </span>
      </p>
      {going && (
        <Meter
          label="Removal of old events"
          done={run.removed}
          of={run.removed + kept.due}
          words={`${run.state === "running" ? "Removing" : "Interrupted, goes on by itself"}: ${number(run.removed)} removed, ${number(kept.due)} to go`}
        />
      )}
      {run !== null && !going && (
        <p className="hint" data-testid="last-run">
          Looked {relativeTime(new Date(run.endedAt ?? run.beganAt), now)}: {number(run.removed)}{" "}
          removed.
        </p>
      )}
    </div>
  );
}

function RetentionForm({ kept, csrfToken }: { kept: Retention; csrfToken: string | null }) {
  const [limited, setLimited] = useState(kept.days !== null);
  const [days, setDays] = useState(kept.days === null ? USUAL_DAYS : String(kept.days));
  const [sure, setSure] = useState(false);
  const [done, setDone] = useState(false);
  const { busy, fault, change } = useChange("retention");
  const wish = limited && /^[0-9]{1,5}$/.test(days) ? Number(days) : null;
  const fits = !limited || (wish !== null && wish >= 1 && wish <= MOST_DAYS);
  const fewer = wish !== null && fits && (kept.days === null || wish < kept.days);
  const preview = useQuery({
    queryKey: ["retention", "preview", wish],
    queryFn: ({ signal }) => fetchRetention(wish, signal),
    enabled: fewer,
  });
  const due = fewer ? preview.data?.due : 0;
  const submit = async () => {
    if (!fits) return document.getElementById("retention-days")?.focus();
    setDone(await change(() => keepFor(wish, csrfToken)));
  };
  const edited = () => {
    setDone(false);
    setSure(false);
  };
  const wrong = fits ? null : `From 1 to ${number(MOST_DAYS)} days.`;
  return (
    <SettingsForm
      id="retention"
      word={due === undefined || due === 0 ? "Save" : `Save and remove ${number(due)} events`}
      busyWord="Saving…"
      kind={due === undefined || due === 0 ? "primary" : "danger"}
      {...{ busy, fault }}
      disabled={wish === kept.days || due === undefined || (due > 0 && !sure)}
      done={done ? "Saved." : ""}
      noValidate
      onSubmit={submit}
    >
      <fieldset className="field">
        <legend>Keep raw events</legend>
        <div className="segments">
          {(["For ever", "So many days"] as const).map((label, place) => (
            <label key={label} className="segment">
              <input
                type="radio"
                name="retention-limited"
                checked={limited === (place === 1)}
                onChange={() => {
                  setLimited(place === 1);
                  edited();
                }}
              />
              <span>{label}</span>
            </label>
          ))}
        </div>
      </fieldset>
      {limited && (
        <Field
          id="retention-days"
          label="Days after they arrived"
          fault={wrong}
          hint="People, properties, funnels and the list of events reach back so far; counts go on."
        >
          <input
            id="retention-days"
            type="text"
            inputMode="numeric"
            autoComplete="off"
            maxLength={5}
            value={days}
            aria-invalid={wrong !== null}
            onChange={(event) => {
              setDays(event.target.value);
              edited();
            }}
          />
        </Field>
      )}
      {due !== undefined && due > 0 && (
        <label className="check">
          <input type="checkbox" checked={sure} onChange={(event) => setSure(event.target.checked)} />
          <span>
            Remove {number(due)} events that are older, for good
            <span className="hint"> There is no way back.</span>
          </span>
        </label>
      )}
    </SettingsForm>
  );
}
