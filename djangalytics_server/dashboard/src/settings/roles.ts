import type { Role } from "../api/types";

/** What each role may do, from the least to the most; each all that those before it may. */
export const ROLES: readonly (readonly [Role, string, string])[] = [
  ["viewer", "Viewer", "Reads."],
  ["analyst", "Analyst", "Reads, and captures events."],
  ["admin", "Admin", "Manages projects, keys and people too."],
  ["owner", "Owner", "May do everything, also make owners and delete projects."],
];

export function mayManage(role: string | null): boolean {
  return role === "admin" || role === "owner";
}

/** The roles that someone may give: an owner's only as an owner. */
export function givenBy(role: string | null) {
  return ROLES.filter(([id]) => role === "owner" || id !== "owner");
}
