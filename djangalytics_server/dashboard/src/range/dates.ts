/** Arithmetic on plain dates (`YYYY-MM-DD`): days have no length here, so no clock change can bend it. */

const DAY_MS = 86_400_000;

export function isDate(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  const moment = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(moment.getTime()) && moment.toISOString().startsWith(text);
}

function toDay(date: string): number {
  return Date.parse(`${date}T00:00:00Z`) / DAY_MS;
}

function toDate(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

export function addDays(date: string, days: number): string {
  return toDate(toDay(date) + days);
}

/** How many days from the first to the last, both counted. */
export function daysBetween(first: string, last: string): number {
  return toDay(last) - toDay(first) + 1;
}

/** The Monday on or before the date. */
export function weekStart(date: string): string {
  const sinceMonday = (new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7;
  return addDays(date, -sinceMonday);
}

export function monthStart(date: string): string {
  return `${date.slice(0, 7)}-01`;
}

export function nextMonth(date: string): string {
  return monthStart(addDays(monthStart(date), 31));
}
