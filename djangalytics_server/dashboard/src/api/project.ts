/** Which project the page speaks of: the address says it, or what was chosen here the last time. */

const PARAMETER = "project";
const REMEMBERED = "djangalytics-project";
const FORM = /^[0-9]{1,10}$/;

/** This page's own; what is chosen on another page beside it does not change it. */
let current: string | null | undefined;

function named(): string | null {
  const value = new URLSearchParams(window.location.search).get(PARAMETER);
  return value !== null && FORM.test(value) ? value : null;
}

function remembered(): string | null {
  try {
    const value = localStorage.getItem(REMEMBERED);
    return value !== null && FORM.test(value) ? value : null;
  } catch {
    return null; // storage is closed to this page
  }
}

function remember(id: string | null): void {
  try {
    if (id === null) localStorage.removeItem(REMEMBERED);
    else localStorage.setItem(REMEMBERED, id);
  } catch {
    // Storage is closed to this page: the choice holds until it is left.
  }
}

/** The id that requests name, or null: then the server takes the oldest. */
export function chosenProject(): string | null {
  if (current === undefined) current = named() ?? remembered();
  return current;
}

/** Speak of the project that the address names by now; whether that is another one. */
export function followAddress(): boolean {
  const address = named();
  if (address === null || address === chosenProject()) return false;
  current = address;
  return true;
}

/** Whether the choice is only remembered: whoever opened the page did not name it. */
export function isRemembered(): boolean {
  return chosenProject() !== null && named() === null;
}

/** A query of this page's own with the project that its address names, so that both can be shared. */
export function withProject(search: string): string {
  const address = named();
  if (address === null) return search;
  const query = new URLSearchParams(search);
  query.set(PARAMETER, address);
  return `?${query}`;
}

/** Speak of this project from now on, in the address and the next time; the view begins anew. */
export function chooseProject(id: number): void {
  current = String(id);
  remember(current);
  window.history.pushState(null, "", `${window.location.pathname}?${PARAMETER}=${current}`);
  window.dispatchEvent(new PopStateEvent("popstate"));
}

/** Name no project any more: the one that was named is not there, or not the reader's. */
export function forgetProject(): void {
  current = null;
  remember(null);
  window.history.replaceState(null, "", window.location.pathname);
}

/** As if the page had just been opened. */
export function beginAnew(): void {
  current = undefined;
}
