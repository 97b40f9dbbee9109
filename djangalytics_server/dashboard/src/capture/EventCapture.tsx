import { useRef, useState, type SubmitEvent } from "react";
import { useLimits } from "../api/useSession";
import { Icon } from "../icons/Icon";
import { Panel } from "../panel/Panel";
import { nameZone } from "../zone/zone";
import { Field } from "./Field";
import { PropertiesField } from "./PropertiesField";
import { hasFault, useCapture } from "./useCapture";
import { length, USUAL_LIMITS } from "./validate";

interface Props {
  zone: string;
  names: readonly string[];
  csrfToken: string | null;
}

function Result({ capture }: { capture: ReturnType<typeof useCapture> }) {
  const { stored, refused } = capture;
  return (
    <>
      <p role="status" className="stored">
        {stored !== null && (
          <>
            <Icon name="check" />
            <span>
              <strong>{stored.name}</strong>{" "}
              {stored.status === "accepted" ? "is captured." : "was captured before."}
            </span>
          </>
        )}
      </p>
      {refused.form !== null && (
        <p role="alert" className="fault">
          {refused.form}
        </p>
      )}
    </>
  );
}

/** A form that captures one event, the way an SDK would. */
export function EventCapture({ zone, names, csrfToken }: Props) {
  const limits = useLimits().data ?? USUAL_LIMITS;
  const capture = useCapture(limits, zone, csrfToken);
  const { draft, change, found, refused, tried } = capture;
  const [open, setOpen] = useState(false);
  const nameInput = useRef<HTMLInputElement>(null);
  const nameFault = refused.name ?? (tried || draft.name !== "" ? found.name : null);
  const propertiesFault = refused.properties ?? found.properties;
  const timeFault = refused.time ?? found.time;
  const unfolded = open || propertiesFault !== null || timeFault !== null;

  const onSubmit = async (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    await capture.submit();
    nameInput.current?.focus();
  };
  return (
    <Panel title="Capture event" className="panel-capture" testId="panel-capture">
      <form aria-label="Capture event" noValidate onSubmit={(event) => void onSubmit(event)}>
        <div className="capture-main">
          <Field
            id="capture-name"
            label="Event name"
            fault={nameFault}
            hint={`${length(draft.name.trim())} of ${limits.eventNameLength} characters`}
          >
            <input
              ref={nameInput}
              id="capture-name"
              type="text"
              list="capture-names"
              autoComplete="off"
              placeholder="signup"
              required
              aria-invalid={nameFault !== null}
              aria-describedby="capture-name-fault"
              value={draft.name}
              onChange={(event) => change({ ...draft, name: event.target.value })}
            />
          </Field>
          <datalist id="capture-names">
            {names.slice(0, 50).map((name) => (
              <option key={name} value={name} />
            ))}
          </datalist>
          <button
            type="submit"
            className="button primary"
            aria-disabled={capture.sending || (tried && hasFault(found))}
          >
            {capture.sending ? "Sending…" : "Capture event"}
          </button>
        </div>
        <button
          type="button"
          className="link-button fold"
          aria-expanded={unfolded}
          aria-controls="capture-more"
          onClick={() => setOpen(!unfolded)}
        >
          <Icon name="chevron" /> Properties and time
        </button>
        <div id="capture-more" hidden={!unfolded}>
          <PropertiesField draft={draft} fault={propertiesFault} onChange={change} />
          <Field
            id="capture-time"
            label="Time (optional)"
            fault={timeFault}
            hint={`In ${nameZone(zone, new Date())}. Left empty, it is the time of arrival.`}
          >
            <input
              id="capture-time"
              type="datetime-local"
              step={60}
              aria-invalid={timeFault !== null}
              aria-describedby="capture-time-fault"
              value={draft.time}
              onChange={(event) => change({ ...draft, time: event.target.value })}
            />
          </Field>
        </div>
        <Result capture={capture} />
      </form>
    </Panel>
  );
}
