import { useState } from "react";
import type { Session, Stats } from "./api/types";
import { useOverview, useRangeStats, useTwoDays } from "./api/useStats";
import { EventCapture } from "./capture/EventCapture";
import { assignSlots, NO_SLOTS } from "./charts/slots";
import { ChartArea } from "./ChartArea";
import { DeliveryPanel } from "./delivery/DeliveryPanel";
import { LiveFeed } from "./feed/LiveFeed";
import { useFeed } from "./feed/useFeed";
import { Header } from "./header/Header";
import { EventFilter } from "./range/EventFilter";
import { nameRange } from "./range/range";
import { RangePicker } from "./range/RangePicker";
import { useView } from "./range/useView";
import { RefreshControl } from "./refresh/RefreshControl";
import { rememberChoice, rememberedChoice, type RefreshMs } from "./refresh/choice";
import { Banner } from "./states/Banner";
import { isFailing, useFailure } from "./states/failing";
import { Tiles } from "./tiles/Tiles";
import { useNow } from "./zone/useNow";
import { dateIn, viewerZone } from "./zone/zone";

function useChoice() {
  const [choice, setChoice] = useState(rememberedChoice);
  const choose = (next: RefreshMs) => {
    rememberChoice(next);
    setChoice(next);
  };
  return { choice, choose };
}

/** All the questions of the page, and what they answered. */
function useAnswers(view: ReturnType<typeof useView>, zone: string, choice: RefreshMs) {
  const overview = useOverview(zone, choice);
  const dates = overview.data?.daily.map(({ date }) => date).sort();
  const ranged = useRangeStats(view.range, view.names, zone, dates?.at(0) ?? null, choice);
  const twoDays = useTwoDays(view.names, zone, choice);
  const live = useFeed(view.names, choice);
  const failure = useFailure([ranged, twoDays, overview, live.head]);
  // Numbers of the range before are shown while the new ones are on their way, not when they fail.
  const stats = ranged.isPlaceholderData && isFailing(ranged) ? undefined : ranged.data;
  return { overview: overview.data, ranged, stats, twoDays: twoDays.data, live, failure };
}

function useSlots(leading: readonly string[]) {
  const [slots, setSlots] = useState(NO_SLOTS);
  const next = assignSlots(slots, leading);
  if (next !== slots) setSlots(next);
  return next;
}

function isUntouched({ total, verdicts }: Stats): boolean {
  return total + verdicts.accepted + verdicts.duplicates + verdicts.rejected === 0;
}

/** The whole page of someone who may read. */
export function Dashboard({ session }: { session: Session }) {
  const [zone] = useState(viewerZone);
  const now = useNow(15_000);
  const view = useView();
  const { choice, choose } = useChoice();
  const { overview, ranged, stats, twoDays, live, failure } = useAnswers(view, zone, choice);
  const slots = useSlots(stats?.counts.map(({ name }) => name) ?? []);
  const known = overview?.counts.map(({ name }) => name) ?? [];
  // Nothing ever came in: a row of zeros would only push the welcome down.
  const untouched = stats?.total === 0 && overview !== undefined && isUntouched(overview);
  return (
    <>
      <Header session={session} zone={zone} now={now}>
        <RefreshControl choice={choice} updatedAt={ranged.dataUpdatedAt} onChoose={choose} />
      </Header>
      <main id="main" tabIndex={-1} aria-busy={ranged.isPlaceholderData}>
        <Banner failure={failure} lastGood={stats === undefined ? 0 : ranged.dataUpdatedAt} />
        <div className="toolbar">
          <RangePicker range={view.range} today={dateIn(zone, now)} onChange={view.setRange} />
          <EventFilter names={view.names} known={known} onChange={view.setNames} />
        </div>
        {!untouched && (
          <Tiles
            stats={stats}
            twoDays={twoDays}
            overview={overview}
            rangeName={nameRange(view.range)}
            now={now}
            zone={zone}
          />
        )}
        <div className={ranged.isPlaceholderData ? "board board-waiting" : "board"}>
          <ChartArea
            stats={stats}
            failing={isFailing(ranged)}
            everAny={overview === undefined || overview.total > 0}
            slots={slots}
            zone={zone}
            now={now}
            view={view}
          />
          <div className="side">
            {session.role !== "viewer" && (
              <EventCapture zone={zone} names={known} csrfToken={session.csrfToken} />
            )}
            <LiveFeed
              live={live}
              choice={choice}
              slots={slots}
              zone={zone}
              filtered={view.names.length > 0}
              onPick={view.toggleName}
            />
          </div>
        </div>
        {!untouched && <DeliveryPanel choice={choice} now={now} />}
      </main>
    </>
  );
}
