"""Bodies that manage things (keys and their like): validation, its words, the OpenAPI document."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from marshmallow import RAISE, Schema, ValidationError, fields

from djangalytics_server.catalog import key_text
from djangalytics_server.errors import FieldError, InvalidFields, InvalidJson
from djangalytics_server.model.reasons import FIELDS, Coded
from djangalytics_server.wire import strict_json
from djangalytics_server.wire.fields import PLAIN_TEXT, Moment, is_plain

LONGEST_NAME = 100
LONGEST_OVERLAP = 30 * 86_400
"""Seconds for which a rotated key may go on beside its successor."""
USUAL_OVERLAP = 86_400


class _Managed:
    """Makes Marshmallow's own messages (missing, null, invalid) carry codes."""

    code: ClassVar[str]

    def make_error(self, key: str, **_parts: object) -> ValidationError:
        return ValidationError([Coded("field_missing" if key == "required" else self.code)])


class Name(_Managed, fields.String):
    """What something is called: 1 to 100 characters once spaces around it are removed."""

    code = "name_invalid"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        name = value.strip() if isinstance(value, str) else ""
        if not 1 <= len(name) <= LONGEST_NAME or not is_plain(name):
            raise self.make_error("invalid")
        return name


class Kind(_Managed, fields.String):
    """A kind of key."""

    code = "kind_invalid"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if value not in key_text.KINDS:
            raise self.make_error("invalid")
        return str(value)


class Overlap(_Managed, fields.Integer):
    """For how many seconds an old key goes on."""

    code = "overlap_invalid"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if type(value) is not int or not 0 <= value <= LONGEST_OVERLAP:
            raise self.make_error("invalid")
        return value


_NAME = {"description": "What it is for.", "minLength": 1, "pattern": PLAIN_TEXT}


class NewKeySchema(Schema):
    """The body that makes a key."""

    kind = Kind(
        required=True,
        metadata={"description": "What it may do.", "enum": list(key_text.KINDS)},
    )
    name = Name(required=True, metadata=_NAME)
    expires_at = Moment(
        code="expires_at_invalid", about="When it ends, RFC 3339; absent or null: never."
    )


class RotationSchema(Schema):
    """The body that rotates a key; it may be empty."""

    overlap_seconds = Overlap(
        load_default=USUAL_OVERLAP,
        metadata={
            "description": "For how long the old key goes on beside the new one.",
            "minimum": 0,
            "maximum": LONGEST_OVERLAP,
        },
    )


def load(schema: Schema, body: bytes) -> dict[str, Any]:
    """The fields of a JSON body; an empty one is an object without fields.

    Raises InvalidJson, InvalidEncoding, or InvalidFields with everything that is wrong.
    """
    document = strict_json.read(body) if body else {}
    if not isinstance(document, dict):
        raise InvalidJson("The body is JSON, but not an object.")
    try:
        return cast("dict[str, Any]", schema.load(document, unknown=RAISE))
    except ValidationError as error:
        messages = cast("dict[str, list[str]]", error.messages)
        errors = [_error(name, words[0]) for name, words in messages.items()]
        raise InvalidFields(errors[0].message, errors=errors) from error


def _error(name: str, message: str) -> FieldError:
    # The only message of Marshmallow's own that is left is the one on unknown fields.
    code = message.code if isinstance(message, Coded) else "field_unknown"
    return refusal(code, str(name)[:100])


def refusal(code: str, field: str) -> FieldError:
    """The entry on a field that breaks a rule."""
    return FieldError(code, FIELDS[code], field)
