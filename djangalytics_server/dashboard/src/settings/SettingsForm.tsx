import type { ReactNode, SubmitEvent } from "react";
import { Fault } from "../capture/Field";
import { Icon } from "../icons/Icon";

interface Props {
  /** What the fault's id begins with. */
  id: string;
  /** The word on the button, and while it is busy. */
  word: string;
  busyWord: string;
  kind?: "primary" | "danger" | "plain";
  /** Whether the button makes something new. */
  makes?: boolean;
  busy: boolean;
  disabled?: boolean;
  fault: string | null;
  /** What was done, in words; empty until it is. */
  done?: string;
  /** The form says by itself what is missing. */
  noValidate?: boolean;
  onSubmit: () => Promise<void>;
  /** Any field was changed. */
  onEdit?: () => void;
  children: ReactNode;
}

/** The frame of a form in the settings: its fields, one button, and what became of it. */
export function SettingsForm(props: Props) {
  const { id, word, busyWord, kind = "primary", busy, fault, done, onSubmit, onEdit } = props;
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    void onSubmit();
  };
  return (
    <form
      className="settings-form"
      noValidate={props.noValidate === true}
      onSubmit={submit}
      onChange={onEdit}
    >
      {props.children}
      <div>
        <button
          type="submit"
          className={kind === "plain" ? "button" : `button ${kind}`}
          disabled={busy || props.disabled === true}
        >
          {props.makes === true && <Icon name="plus" />}
          {busy ? busyWord : word}
        </button>
        {done !== undefined && (
          <p className="done" role="status">
            {done}
          </p>
        )}
        <Fault id={`${id}-fault`} text={fault} />
      </div>
    </form>
  );
}
