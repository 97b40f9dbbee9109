/** Rejection codes in words. */

const WORDS: Record<string, string> = {
  event_name_missing: "without an event name",
  event_name_too_long: "with an event name that is too long",
  event_name_invalid: "with an event name that is not text or has control characters",
  timestamp_invalid: "with a time that is not RFC 3339",
  properties_invalid: "with properties that are not an object",
  number_out_of_range: "with a number out of range",
  text_invalid: "with text that cannot be stored",
  too_deep: "nested too deep",
  too_many_keys: "with too many properties",
  key_too_long: "with a property name that is too long",
  event_too_large: "too large",
  insert_id_invalid: "with an unusable insert id",
  distinct_id_invalid: "with an unusable distinct id",
  session_id_invalid: "with an unusable session id",
  source_invalid: "with an unusable source",
  unknown_field: "with an unknown field",
};

export function reasonWords(code: string): string {
  return WORDS[code] ?? code.replaceAll("_", " ");
}
