import { useState } from "react";
import { Icon } from "../icons/Icon";

async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // No clipboard over plain HTTP, or it was refused.
    return false;
  }
}

/** Copies a text; where the page may not, it says how to do it by hand. */
export function CopyButton({ text, label }: { text: string; label: string }) {
  const [state, setState] = useState<"idle" | "done" | "refused">("idle");
  const copy = async () => setState((await copied(text)) ? "done" : "refused");
  const words = { idle: "Copy", done: "Copied", refused: "Select it and press Ctrl+C" }[state];
  return (
    <button
      type="button"
      className="button copy"
      aria-label={state === "idle" ? label : undefined}
      onClick={() => void copy()}
    >
      <Icon name={state === "done" ? "check" : "copy"} />
      <span aria-live="polite">{words}</span>
    </button>
  );
}
