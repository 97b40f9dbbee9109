/** The viewer's time zone, and what its offset is at a moment. */

export function viewerZone(): string {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  // Some browsers cannot tell; the server knows UTC whatever tables it has.
  return zone && zone !== "Etc/Unknown" ? zone : "UTC";
}

/** Minutes east of UTC in `zone` at `moment`. */
export function offsetMinutes(moment: Date, zone: string): number {
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  }).formatToParts(moment);
  const part = (type: string) => Number(parts.find((each) => each.type === type)?.value);
  const local = Date.UTC(
    part("year"),
    part("month") - 1,
    part("day"),
    part("hour"),
    part("minute"),
    part("second"),
  );
  return Math.round((local - Math.floor(moment.getTime() / 1000) * 1000) / 60_000);
}

/** `+01:00`, `-03:30`; `+00:00` for UTC. */
export function offsetText(minutes: number): string {
  const size = Math.abs(minutes);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/** `Europe/Berlin, UTC+01:00`; plain `UTC` for UTC itself. */
export function nameZone(zone: string, moment: Date): string {
  if (zone === "UTC") return "UTC";
  return `${zone}, UTC${offsetText(offsetMinutes(moment, zone))}`;
}

function wallClock(zone: string, moment: Date): string {
  return new Date(moment.getTime() + offsetMinutes(moment, zone) * 60_000).toISOString();
}

/** The calendar date in `zone` at `moment`, as `YYYY-MM-DD`. */
export function dateIn(zone: string, moment: Date): string {
  return wallClock(zone, moment).slice(0, 10);
}

/** The hour of the day in `zone` at `moment`, 0 to 23. */
export function hourIn(zone: string, moment: Date): number {
  return Number(wallClock(zone, moment).slice(11, 13));
}

function asUtc(local: string): number {
  return Date.parse(`${local.length === 16 ? `${local}:00` : local}Z`);
}

/**
 * RFC 3339 with offset for a wall-clock time (`YYYY-MM-DDTHH:MM`) in `zone`.
 * Null when it is no time, or one the clock skipped when it was put forward.
 * A time that came twice is read as the earlier one.
 */
export function localToRfc3339(local: string, zone: string): string | null {
  const wall = asUtc(local);
  if (Number.isNaN(wall)) return null;
  const day = 86_400_000;
  const around = [wall - day, wall + day].map((at) => offsetMinutes(new Date(at), zone));
  for (const offset of new Set([...around].sort((a, b) => b - a))) {
    const moment = new Date(wall - offset * 60_000);
    if (offsetMinutes(moment, zone) === offset) {
      return `${new Date(wall).toISOString().slice(0, 19)}${offsetText(offset)}`;
    }
  }
  return null;
}
