/** What the server takes of people and projects. */

export const SHORTEST_PASSWORD = 10;
export const LONGEST_NAME = 100;
export const MOST_RATE = 1_000_000;
export const MOST_AT_ONCE = 60_000_000;
