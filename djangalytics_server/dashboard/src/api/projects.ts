/** Projects, as the API makes, changes and deletes them. */

import { patch, post, remove } from "./http";
import { parseProject } from "./parse";
import type { Project } from "./types";

export async function createProject(
  wish: { name: string; time_zone: string },
  csrfToken: string | null,
): Promise<Project> {
  return parseProject((await post("/api/projects/", wish, csrfToken)).body);
}

export async function changeProject(
  id: number,
  change: {
    name?: string;
    time_zone?: string;
    open_capture?: boolean;
    origins?: string[];
    sources?: string[];
    /** Without `at_once` it is a minute's worth; null takes the limit off. */
    limit?: { rate: number; at_once?: number } | null;
  },
  csrfToken: string | null,
): Promise<void> {
  await patch(`/api/projects/${id}/`, change, csrfToken);
}

export async function deleteProject(id: number, name: string, csrfToken: string | null) {
  await remove(`/api/projects/${id}/`, csrfToken, { name });
}

export async function renameOrganisation(name: string, csrfToken: string | null): Promise<void> {
  await patch("/api/organisation/", { name }, csrfToken);
}
