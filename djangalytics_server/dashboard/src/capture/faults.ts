/** Where on the form a refusal of the server belongs. */

import { describeFailure, Problem, type FieldError } from "../api/failure";

export interface Faults {
  name: string | null;
  properties: string | null;
  time: string | null;
  /** What belongs to no field. */
  form: string | null;
}

export const NO_FAULTS: Faults = { name: null, properties: null, time: null, form: null };

function place(error: FieldError): keyof Faults {
  const field = (error.field ?? "").split(/[.[/]/).find((part) => part !== "") ?? "";
  if (field === "event_name") return "name";
  if (field === "timestamp") return "time";
  if (field === "properties") return "properties";
  return "form";
}

export function faultsFrom(failure: unknown): Faults {
  const { title, advice, reference } = describeFailure(failure);
  const whole = [title, advice, reference && `(${reference})`].filter(Boolean).join(" ");
  if (!(failure instanceof Problem) || failure.errors.length === 0) {
    return { ...NO_FAULTS, form: whole };
  }
  const faults = { ...NO_FAULTS };
  for (const error of failure.errors) {
    const where = place(error);
    const message = error.message || error.code;
    faults[where] = where === "form" && error.field ? `${error.field}: ${message}` : message;
  }
  return faults;
}
