import type { ReactNode } from "react";
import type { Stats } from "../api/types";
import { shapeTrend } from "../charts/shape";
import { NO_SLOTS } from "../charts/slots";
import { Boundary } from "../panel/Boundary";
import { Skeleton } from "../panel/Skeleton";
import { number } from "../zone/format";
import { hourIn } from "../zone/zone";
import { IngestTile } from "./IngestTile";
import { Sparkline } from "./Sparkline";
import { compareDays } from "./twoDays";

interface TileProps {
  label: string;
  value: string;
  note: ReactNode;
  children?: ReactNode;
  testId: string;
}

function Tile({ label, value, note, children, testId }: TileProps) {
  return (
    <div className="tile" role="group" aria-label={label} data-testid={testId}>
      <p className="tile-label">{label}</p>
      <p className="tile-value">{value}</p>
      <p className="tile-note">{note}</p>
      {children}
    </div>
  );
}

function change(now: number, before: number): string {
  if (before === 0) return "";
  const percent = Math.round((100 * (now - before)) / before);
  return `${percent > 0 ? "+" : percent < 0 ? "−" : "±"}${number(Math.abs(percent))}%`;
}

function TodayTile({ stats, now, zone }: { stats: Stats; now: Date; zone: string }) {
  const days = compareDays(stats.daily, now, zone);
  const hour = hourIn(zone, now);
  const moved = hour === 0 ? "" : change(days.todayByNow, days.yesterdayByNow);
  const note = (
    <>
      Yesterday {number(days.yesterday)}
      {moved !== "" && (
        <span className="tile-moved" title={`Until ${hour}:00, today against yesterday`}>
          {moved} by {hour}:00
        </span>
      )}
    </>
  );
  return (
    <Tile label="Events today" value={number(days.today)} note={note} testId="tile-today">
      <Sparkline values={days.hours.today.slice(0, hour + 1)} beside={days.hours.yesterday} />
    </Tile>
  );
}

interface Props {
  stats: Stats | undefined;
  twoDays: Stats | undefined;
  overview: Stats | undefined;
  rangeName: string;
  now: Date;
  zone: string;
}

/** The numbers one looks at first. */
export function Tiles({ stats, twoDays, overview, rangeName, now, zone }: Props) {
  const waiting = <div className="tile"><Skeleton kind="tile" /></div>;
  const shape =
    stats &&
    shapeTrend(stats, NO_SLOTS, now, zone).points.filter(
      ({ values }) => Object.keys(values).length > 0,
    );
  return (
    <section className="tiles" aria-label="Headline numbers">
      <Boundary title="The headline numbers">
        {stats === undefined ? (
          waiting
        ) : (
          <Tile
            label="Total events"
            value={number(stats.total)}
            note={rangeName}
            testId="tile-total"
          >
            <Sparkline values={shape?.map(({ total }) => total) ?? []} />
          </Tile>
        )}
        {twoDays === undefined ? waiting : <TodayTile stats={twoDays} now={now} zone={zone} />}
        {stats === undefined ? (
          waiting
        ) : (
          <Tile
            label="Event names"
            value={number(stats.counts.length)}
            note={overview ? `of ${number(overview.counts.length)} ever seen` : rangeName}
            testId="tile-names"
          />
        )}
        {stats === undefined ? waiting : <IngestTile verdicts={stats.verdicts} />}
      </Boundary>
    </section>
  );
}
