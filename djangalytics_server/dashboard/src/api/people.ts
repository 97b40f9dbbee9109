/** The people of an organisation, and those who are invited. */

import { get, patch, post, remove } from "./http";
import { fields, flag, list, text, textOrNull, whole } from "./read";
import type { Role } from "./types";

export interface Member {
  id: number;
  name: string;
  email: string | null;
  role: string;
  secondFactor: boolean;
  joinedAt: string;
  lastSeenAt: string | null;
}

export interface Invitation {
  id: number;
  email: string;
  role: string;
  createdAt: string;
  createdBy: string;
  expiresAt: string;
}

export interface Offer {
  organisation: string;
  email: string;
  role: string;
  invitedBy: string;
}

function parseMember(value: unknown): Member {
  const from = fields(value, "person");
  return {
    id: whole(from, "id"),
    name: text(from, "name"),
    email: textOrNull(from, "email"),
    role: text(from, "role"),
    secondFactor: flag(from, "second_factor"),
    joinedAt: text(from, "joined_at"),
    lastSeenAt: textOrNull(from, "last_seen_at"),
  };
}

function parseInvitation(value: unknown): Invitation {
  const from = fields(value, "invitation");
  return {
    id: whole(from, "id"),
    email: text(from, "email"),
    role: text(from, "role"),
    createdAt: text(from, "created_at"),
    createdBy: text(from, "created_by"),
    expiresAt: text(from, "expires_at"),
  };
}

export async function fetchPeople(signal?: AbortSignal): Promise<Member[]> {
  return list((await get("/api/people/", signal)).body, "people", parseMember);
}

export async function setRole(id: number, role: Role, csrfToken: string | null): Promise<void> {
  await patch(`/api/people/${id}/`, { role }, csrfToken);
}

export async function removePerson(id: number, csrfToken: string | null): Promise<void> {
  await remove(`/api/people/${id}/`, csrfToken);
}

export async function takeOffSecondFactor(id: number, csrfToken: string | null): Promise<void> {
  await remove(`/api/people/${id}/second-factor/`, csrfToken);
}

export async function fetchInvitations(signal?: AbortSignal): Promise<Invitation[]> {
  return list((await get("/api/invitations/", signal)).body, "invitations", parseInvitation);
}

/** The link, at the only moment when it is known. */
export async function invite(email: string, role: Role, csrfToken: string | null): Promise<string> {
  const answer = await post("/api/invitations/", { email, role }, csrfToken);
  return text(fields(answer.body, "invitation"), "link");
}

export async function takeBack(id: number, csrfToken: string | null): Promise<void> {
  await remove(`/api/invitations/${id}/`, csrfToken);
}

export async function lookAt(token: string): Promise<Offer> {
  const from = fields((await post("/api/invitations/look/", { token }, null)).body, "offer");
  return {
    organisation: text(from, "organisation"),
    email: text(from, "email"),
    role: text(from, "role"),
    invitedBy: text(from, "invited_by"),
  };
}

/** `code`, of a second factor that the account has, where one was asked for. */
export async function accept(
  token: string,
  wish: { name: string; password: string; code?: string },
): Promise<void> {
  await post("/api/invitations/accept/", { token, ...wish }, null);
}
