/** The feed: newest events on top, older pages below, without gaps. */

import type { EventPage, EventRecord } from "../api/types";

export interface Feed {
  events: EventRecord[];
  /** Where the next older page is; null at the end. */
  next: string | null;
  /** The newest id when the feed began; what came later is new to the reader. */
  firstHead: number;
  /** Whether the reader asked for older pages, which then have to stay. */
  extended: boolean;
}

export const PAGE = 50;
const MOST = 1_000;

export function beginFeed(page: EventPage): Feed {
  return { ...page, firstHead: page.events[0]?.id ?? 0, extended: false };
}

/**
 * Puts a fresh first page on top of what is shown. The feed starts anew from the page when the
 * two no longer touch (more arrived than a page holds), rather than hide a gap, and when it has
 * grown beyond 1,000 events.
 */
export function addNewest(feed: Feed, page: EventPage): Feed {
  const newest = feed.events[0]?.id ?? 0;
  const arrived = page.events.filter(({ id }) => id > newest);
  const touches = arrived.length < page.events.length;
  if (!feed.extended || !touches || feed.events.length + arrived.length > MOST) {
    return { ...page, firstHead: feed.firstHead, extended: false };
  }
  return arrived.length === 0 ? feed : { ...feed, events: [...arrived, ...feed.events] };
}

/** Puts an older page at the end. */
export function addOlder(feed: Feed, page: EventPage): Feed {
  const oldest = feed.events.at(-1)?.id ?? Infinity;
  const older = page.events.filter(({ id }) => id < oldest);
  return { ...feed, events: [...feed.events, ...older], next: page.next, extended: true };
}
