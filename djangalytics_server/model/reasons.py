"""The closed sets of what can be wrong with events, parameters, fields and questions."""

from __future__ import annotations

REJECTIONS: dict[str, str] = {
    "not_an_object": "An event is a JSON object.",
    "event_name_missing": "event_name is required and may not be blank.",
    "event_name_invalid": "event_name is text without control characters.",
    "event_name_too_long": "event_name has at most 100 characters.",
    "timestamp_invalid": "timestamp is an RFC 3339 date and time.",
    "timestamp_too_old": "timestamp lies before 1970.",
    "sent_at_invalid": "sent_at is an RFC 3339 date and time.",
    "properties_invalid": "properties is a JSON object.",
    "too_many_keys": "properties have at most 255 keys.",
    "key_too_long": "A property key has at most 200 characters.",
    "too_deep": "properties nest at most 8 levels deep.",
    "number_out_of_range": "A number is finite; whole numbers lie within a signed 64-bit range.",
    "text_invalid": "Text is valid Unicode without U+0000.",
    "event_too_large": "An event has at most 32 KiB of JSON.",
    "insert_id_invalid": "insert_id is text of 1 to 100 characters.",
    "distinct_id_invalid": "distinct_id is text of 1 to 200 characters.",
    "session_id_invalid": "session_id is text of 1 to 200 characters.",
    "source_invalid": "source is text of 1 to 200 characters.",
    "source_not_allowed": "The project takes events of certain sources alone.",
    "api_key_invalid": "api_key is text.",
    "unknown_field": "The event has a field that strict mode does not know.",
}
"""Reason code of a refused event -> what the rule is."""

NUMBERING: dict[str, str] = {
    "producer_invalid": "producer is an object with id, host, process, started_at, tracked and"
    " sequences, each as documented.",
    "sequences_mismatch": "The counts in sequences add up to the number of events.",
}
"""Code of a producer that cannot be read -> what the rule is."""

PARAMETERS: dict[str, str] = {
    "unknown_parameter": "This address does not know the parameter.",
    "repeated_parameter": "The parameter may be given once.",
    "parameter_missing": "The parameter is required.",
    "invalid_time": "A time is an RFC 3339 date and time or a date, such as 2026-01-31.",
    "unknown_time_zone": "tz is the name of an IANA time zone, such as Europe/Berlin.",
    "invalid_interval": "interval is one of minute, hour, day, week, month.",
    "invalid_limit": "limit is a whole number from 1 to 1000.",
    "invalid_cursor": "cursor is what the Link header of the previous page gave.",
    "invalid_days": "days is a whole number from 1 to 36500.",
    "invalid_action": "action is one of those that are recorded.",
    "invalid_format": "format is csv or ndjson, or json where the address has that.",
    "invalid_state": "state is one of complete, on_the_way, dropped, missing.",
    "invalid_of": "of is one of event_names, properties, values.",
    "invalid_field": "field is one of event_name, insert_id, distinct_id, session_id, source.",
    "property_unaskable": "A property's name has no NUL and no half of a character.",
    "not_together": "The parameters do not go together.",
    "invalid_text": "The text has 1 to 200 characters and no control characters.",
    "range_empty": "from lies before to.",
    "too_many_intervals": "The range has too many intervals: choose a longer interval.",
}
"""Code of a wrong query parameter -> what the rule is."""

FIELDS: dict[str, str] = {
    "field_missing": "The field is required.",
    "field_unknown": "This address does not know the field.",
    "name_invalid": "A name is text of 1 to 100 characters without control characters.",
    "kind_invalid": "kind is write, read or admin.",
    "expires_at_invalid": "expires_at is an RFC 3339 date and time that lies ahead.",
    "overlap_invalid": "overlap_seconds is a whole number from 0 to 2592000, which is 30 days.",
    "days_invalid": "days is a whole number from 1 to 36500, or null for ever.",
    "person_invalid": "distinct_id is text of 1 to 200 characters.",
    "time_zone_invalid": "time_zone is the name of an IANA time zone, such as Europe/Berlin.",
    "definition_invalid": "definition is an object that says who is in the cohort.",
    "flag_invalid": "The value is true or false.",
    "origins_invalid": "origins is a list of at most 50 origins, such as https://example.com.",
    "sources_invalid": "sources is a list of at most 50 texts of 1 to 200 characters.",
    "limit_invalid": "limit is null, or an object with rate (1 to 1000000 events a second) and"
    " at_once (1 to 60000000 events, a minute's worth if absent).",
    "role_invalid": "role is viewer, analyst, admin or owner.",
    "email_invalid": "An e-mail address has an @ between two parts, and at most 254 characters.",
    "password_invalid": "A password has 10 to 200 characters.",  # nosec B105 - a message
    "secret_invalid": "A password or token is text of at most 200 characters.",  # nosec B105 - a message
    "confirmation_wrong": "name is the project's name, exactly as it is.",
    "code_wrong": "code is what the app shows now.",
    "current_wrong": "current is the password you have now.",
}
"""Code of a wrong field of a body that manages things -> what the rule is."""


QUESTIONS: dict[str, str] = {
    "member_unknown": "The object does not know this member.",
    "member_missing": "The member is required.",
    "wrong_type": "The value has another type than it should.",
    "not_a_choice": "The value is none of those there are to choose from.",
    "out_of_range": "The value is too small, too large, too short or too long.",
    "invalid_filter": "A filter is a condition, or one of and, or, not.",
    "filter_too_large": "A filter has at most 50 conditions, in groups at most 5 deep.",
    "not_together": "The members do not go together.",
    "cohort_unknown": "The project has no such cohort.",
    "invalid_cohort": "A cohort is did, first_did or latest, or one of and, or, not.",
    "cohort_too_large": "A cohort has at most 20 parts, in groups at most 5 deep.",
    "invalid_formula": "A formula joins numbers and series by + - * / and brackets.",
    "operator_misplaced": "The operator does not fit the field or the value.",
    "property_unaskable": "A property's name has no NUL and no half of a character.",
    "invalid_time": "A time is an RFC 3339 date and time or a date, such as 2026-01-31.",
    "unknown_time_zone": "tz is the name of an IANA time zone, such as Europe/Berlin.",
    "range_empty": "from lies before to.",
    "too_many_intervals": "The range has too many intervals: choose a longer interval.",
    "sql_syntax": "The statement cannot be read.",
    "sql_refused": "The statement has a part that is not allowed here.",
    "sql_unknown": "The statement names what is not there.",
    "sql_too_large": "The statement, or what it needs, is too large.",
    "sql_failed": "The database cannot answer the statement.",
}
"""Code of what is wrong in the body of a question -> what the rule is."""


class Coded(str):
    """A message with its stable code, and the path of the place below the field that raised it."""

    __slots__ = ("code", "path")

    code: str
    path: str

    def __new__(cls, code: str, message: str = "", path: str = "") -> Coded:
        """Words for ``code``: ``message``, or the rule itself."""
        self = super().__new__(cls, message or _rule(code))
        self.code, self.path = code, path
        return self


def _rule(code: str) -> str:
    sets = (REJECTIONS, NUMBERING, PARAMETERS, FIELDS, QUESTIONS)
    return next(rules[code] for rules in sets if code in rules)
