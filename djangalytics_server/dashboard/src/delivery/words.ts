/** The ledger in words. */

import { number } from "../zone/format";
import type { Numbers, Producer, State } from "./parse";

export const STATE_WORDS: Record<State, string> = {
  complete: "complete",
  on_the_way: "on the way",
  dropped: "dropped",
  missing: "missing",
};

/** "3 of 48,213 missing" */
export function headline({ missing, tracked }: Numbers): string {
  return `${number(missing)} of ${number(tracked)} missing`;
}

function counted(count: number, words: string): string[] {
  return count === 0 ? [] : [`${number(count)} ${words}`];
}

/** What else there is to say of numbers, most urgent first. */
export function besides(numbers: Numbers): string[] {
  const neverNumbered = numbers.lost.reduce((sum, { count }) => sum + count, 0);
  return [
    ...counted(numbers.onTheWay, "on the way"),
    ...counted(numbers.dropped, "given up by their sender"),
    ...counted(neverNumbered, "lost by their sender, as it says"),
    ...counted(numbers.repeated, numbers.repeated === 1 ? "came again, stored once" : "came again, each stored once"),
    ...counted(numbers.late, "came late"),
  ];
}

/** "17, 20–24, and others" */
export function gaps({ missingRanges, missingTruncated }: Producer): string {
  const named = missingRanges.map(([first, count]) =>
    count === 1 ? number(first) : `${number(first)}–${number(first + count - 1)}`,
  );
  if (named.length === 0) return "";
  return named.join(", ") + (missingTruncated ? ", and others" : "");
}

/** "queue full 12, shutdown 3" */
export function reasons({ lost }: Numbers): string {
  return lost.map(({ code, count }) => `${code.replaceAll("_", " ")} ${number(count)}`).join(", ");
}
