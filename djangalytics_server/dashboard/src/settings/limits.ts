/** What the server takes of people and projects. */

export const SHORTEST_PASSWORD = 10;
export const LONGEST_NAME = 100;
