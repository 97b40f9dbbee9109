import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { eventsPath, fetchEvents } from "../api/endpoints";
import type { EventPage } from "../api/types";
import { keepUp, type RefreshMs } from "../refresh/choice";
import { addNewest, addOlder, beginFeed, PAGE, type Feed } from "./merge";

interface Held {
  filter: string;
  page: EventPage;
  feed: Feed;
}

function hold(before: Held | null, filter: string, page: EventPage): Held {
  const feed = before?.filter === filter ? addNewest(before.feed, page) : beginFeed(page);
  return { filter, page, feed };
}

/** The newest events (of these names, if any are given), kept fresh; `loadOlder` reaches back. */
export function useFeed(names: readonly string[], choice: RefreshMs) {
  const filter = JSON.stringify(names);
  const head = useQuery({
    queryKey: ["feed", names],
    queryFn: ({ signal }) => fetchEvents(eventsPath(names, PAGE), signal),
    ...keepUp(choice),
  });
  const [held, setHeld] = useState<Held | null>(null);
  const [older, setOlder] = useState<"idle" | "loading" | "failed">("idle");
  if (head.data !== undefined && (held?.filter !== filter || held.page !== head.data)) {
    setHeld(hold(held, filter, head.data));
  }
  const feed = held?.filter === filter ? held.feed : null;

  const loadOlder = async () => {
    if (feed?.next == null) return;
    setOlder("loading");
    try {
      const page = await fetchEvents(feed.next);
      setHeld((now) => {
        // While the page was on its way, the feed may have moved to another filter or begun anew.
        const same = now?.filter === filter && now.feed.next === feed.next;
        return same ? { ...now, feed: addOlder(now.feed, page) } : now;
      });
      setOlder("idle");
    } catch {
      setOlder("failed");
    }
  };
  return { head, feed, older, loadOlder };
}
