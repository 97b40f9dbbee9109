/** Readers for JSON of unknown shape: each returns the wanted type or throws BadAnswer. */

import { BadAnswer } from "./failure";
import type { Json } from "./types";

export type Fields = Record<string, unknown>;

export function fields(value: unknown, where: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new BadAnswer(`${where} is not an object`);
  }
  return value as Fields;
}

export function list<T>(value: unknown, where: string, item: (value: unknown) => T): T[] {
  if (!Array.isArray(value)) throw new BadAnswer(`${where} is not a list`);
  return value.map(item);
}

export function text(from: Fields, key: string): string {
  const value = from[key];
  if (typeof value !== "string") throw new BadAnswer(`${key} is not text`);
  return value;
}

export function textOrNull(from: Fields, key: string): string | null {
  const value = from[key];
  return typeof value === "string" ? value : null;
}

export function whole(from: Fields, key: string): number {
  const value = from[key];
  if (typeof value !== "number" || !Number.isFinite(value)) {
    throw new BadAnswer(`${key} is not a number`);
  }
  return value;
}

export function flag(from: Fields, key: string): boolean {
  const value = from[key];
  if (typeof value !== "boolean") throw new BadAnswer(`${key} is not true or false`);
  return value;
}

/** The value as it came out of JSON.parse, named as JSON. */
export function json(value: unknown): Json {
  return value as Json;
}
