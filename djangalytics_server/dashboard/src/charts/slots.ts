/** Which colour each leading event name wears. */

export const SLOTS = 6;
export const OTHER = "other";

/** Name → colour slot, 1 to 6. Names that hold none are drawn in the colour of "other". */
export type Slots = ReadonlyMap<string, number>;

export const NO_SLOTS: Slots = new Map();

/**
 * Slots for the leading names: one that already wears a colour keeps it, so colours do not jump
 * when counts overtake each other or a filter comes and goes. A name that no longer leads gives
 * its colour up only when another needs it. Returns `before` itself when nothing changes.
 */
export function assignSlots(before: Slots, leading: readonly string[]): Slots {
  const names = leading.slice(0, SLOTS);
  const wanting = names.filter((name) => !before.has(name));
  if (wanting.length === 0) return before;
  const slots = new Map(before);
  const taken = new Set(slots.values());
  const free = Array.from({ length: SLOTS }, (_, index) => index + 1).filter((n) => !taken.has(n));
  const idle = [...slots.keys()].filter((name) => !names.includes(name));
  for (const name of wanting) {
    const leaver = free.length === 0 ? idle.shift() : undefined;
    const slot = free.shift() ?? (leaver === undefined ? undefined : slots.get(leaver));
    if (leaver !== undefined) slots.delete(leaver);
    if (slot !== undefined) slots.set(name, slot);
  }
  return slots;
}

export function slotColour(slot: number | undefined): string {
  return slot === undefined ? "var(--series-other)" : `var(--series-${slot})`;
}
