import { useSyncExternalStore, type MouseEvent } from "react";

export const SETTINGS_PATH = "/settings";
export const JOIN_PATH = "/join";
export const HOME_PATH = "/";

function listen(changed: () => void): () => void {
  window.addEventListener("popstate", changed);
  return () => window.removeEventListener("popstate", changed);
}

/** The path of the address; the page changes with it, without loading anew. */
export function usePlace(): string {
  return useSyncExternalStore(listen, () => window.location.pathname).replace(/(.)\/$/, "$1");
}

/** Go to a path of this page's own. */
export function goTo(path: string): void {
  window.history.pushState(null, "", path);
  window.dispatchEvent(new PopStateEvent("popstate"));
}

/** For a link within the page: a plain click goes there at once, any other is the browser's. */
export function follow(event: MouseEvent<HTMLAnchorElement>): void {
  if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  window.history.pushState(null, "", event.currentTarget.href);
  window.dispatchEvent(new PopStateEvent("popstate"));
  window.scrollTo(0, 0);
  document.getElementById("main")?.focus();
}
