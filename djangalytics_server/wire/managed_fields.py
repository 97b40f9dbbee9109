"""Marshmallow fields of the bodies that manage things; each knows its stable reason code."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from marshmallow import ValidationError, fields

from djangalytics_server.catalog import key_text, roles
from djangalytics_server.model import origins
from djangalytics_server.model.keeping import MOST_DAYS
from djangalytics_server.model.limits import LIMITS
from djangalytics_server.model.reasons import Coded
from djangalytics_server.model.sending import MOST_AT_ONCE, MOST_RATE, USUAL_SECONDS, RateLimit
from djangalytics_server.model.zone_names import known_zones
from djangalytics_server.wire.fields import PLAIN_TEXT, is_plain

LONGEST_NAME = 100
LONGEST_EMAIL = 254
SHORTEST_PASSWORD, LONGEST_PASSWORD = 10, 200
LONGEST_TEXT = 200
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


class _Managed:
    """Makes Marshmallow's own messages (missing, null, invalid) carry codes."""

    code: ClassVar[str]

    def make_error(self, key: str, **_parts: object) -> ValidationError:
        return ValidationError([Coded("field_missing" if key == "required" else self.code)])


class Name(_Managed, fields.String):
    """What something is called: 1 to 100 characters once spaces around it are removed."""

    code = "name_invalid"

    def __init__(self, about: str, **more: Any) -> None:
        metadata = {"description": about, "minLength": 1, "pattern": PLAIN_TEXT}
        super().__init__(metadata=metadata, **more)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        name = value.strip() if isinstance(value, str) else ""
        if not 1 <= len(name) <= LONGEST_NAME or not is_plain(name):
            raise self.make_error("invalid")
        return name


class Definition(_Managed, fields.Field[Any]):
    """A cohort's definition, which ``query.cohorts`` reads."""

    code = "definition_invalid"

    def __init__(self, about: str, **more: Any) -> None:
        form = [{"$ref": "#/components/schemas/CohortDefinition"}]
        super().__init__(metadata={"description": about, "allOf": form}, **more)

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self.make_error("invalid")
        return value


class _Choice(_Managed, fields.String):
    """One of a few words."""

    choices: ClassVar[tuple[str, ...]]

    def __init__(self, about: str, **more: Any) -> None:
        super().__init__(metadata={"description": about, "enum": list(self.choices)}, **more)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if value not in self.choices:
            raise self.make_error("invalid")
        return str(value)


class Kind(_Choice):
    """A kind of key."""

    code = "kind_invalid"
    choices = key_text.KINDS


class Role(_Choice):
    """What a person may do in an organisation."""

    code = "role_invalid"
    choices = roles.ROLES


class Zone(_Managed, fields.String):
    """The name of an IANA time zone."""

    code = "time_zone_invalid"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str) or value not in known_zones():
            raise self.make_error("invalid")
        return value


class Flag(_Managed, fields.Boolean):
    """True or false, in no other spelling."""

    code = "flag_invalid"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid")
        return value


class _Names(_Managed, fields.List[str]):
    """A list of texts, each once."""

    each: ClassVar[dict[str, Any]]
    """What the API's description says of each."""

    def __init__(self, about: str, **more: Any) -> None:
        metadata = {"description": about, "maxItems": origins.MOST}
        super().__init__(fields.String(metadata=self.each), metadata=metadata, **more)

    def _deserialize(  # type: ignore[override]
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> tuple[str, ...]:
        if not isinstance(value, list) or len(value) > origins.MOST:
            raise self.make_error("invalid")
        return tuple(dict.fromkeys(self._name(entry) for entry in value))

    def _name(self, entry: object) -> str:
        raise NotImplementedError


class Origins(_Names):
    """Origins of pages, as browsers write them."""

    code = "origins_invalid"
    each: ClassVar = {"pattern": origins.PATTERN, "maxLength": origins.LONGEST}

    def _name(self, entry: object) -> str:
        try:
            return origins.exact(entry if isinstance(entry, str) else "")
        except ValueError as error:
            raise self.make_error("invalid") from error


class Sources(_Names):
    """Values of an event's ``source``."""

    code = "sources_invalid"
    each: ClassVar = {
        "pattern": PLAIN_TEXT,
        "minLength": 1,
        "maxLength": LIMITS.distinct_id_length,
    }

    def _name(self, entry: object) -> str:
        fits = isinstance(entry, str) and 1 <= len(entry) <= LIMITS.distinct_id_length
        if not isinstance(entry, str) or not fits or not is_plain(entry):
            raise self.make_error("invalid")
        return entry


class Pace(_Managed, fields.Field[RateLimit]):
    """How fast a project may be sent to; null is as fast as the server takes events."""

    code = "limit_invalid"

    def __init__(self, about: str, **more: Any) -> None:
        bounds = {"rate": MOST_RATE, "at_once": MOST_AT_ONCE}
        properties = {
            name: {"type": "integer", "minimum": 1, "maximum": most}
            for name, most in bounds.items()
        }
        metadata = {
            "description": about,
            "type": "object",
            "properties": properties,
            "required": ["rate"],
            "additionalProperties": False,
        }
        super().__init__(metadata=metadata, allow_none=True, **more)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> RateLimit:
        if not isinstance(value, dict) or not {"rate"} <= set(value) <= {"rate", "at_once"}:
            raise self.make_error("invalid")
        rate = self._whole(value["rate"], MOST_RATE)
        usual = rate * USUAL_SECONDS
        return RateLimit(rate, self._whole(value.get("at_once", usual), MOST_AT_ONCE))

    def _whole(self, value: object, most: int) -> int:
        if type(value) is not int or not 1 <= value <= most:
            raise self.make_error("invalid")
        return value


class Seconds(_Managed, fields.Integer):
    """For how many seconds an old key goes on."""

    code = "overlap_invalid"

    def __init__(self, about: str, *, most: int, **more: Any) -> None:
        metadata = {"description": about, "minimum": 0, "maximum": most}
        super().__init__(metadata=metadata, **more)
        self.most = most

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if type(value) is not int or not 0 <= value <= self.most:
            raise self.make_error("invalid")
        return value


class Days(_Managed, fields.Integer):
    """How many days something is kept; null is for ever."""

    code = "days_invalid"

    def __init__(self, about: str, **more: Any) -> None:
        metadata = {"description": about, "minimum": 1, "maximum": MOST_DAYS}
        super().__init__(metadata=metadata, allow_none=True, **more)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if type(value) is not int or not 1 <= value <= MOST_DAYS:
            raise self.make_error("invalid")
        return value


class PersonId(_Managed, fields.String):
    """What events call a person: 1 to 200 characters, of any kind that is stored."""

    code = "person_invalid"

    def __init__(self, about: str, **more: Any) -> None:
        metadata = {"description": about, "minLength": 1, "maxLength": LONGEST_TEXT}
        super().__init__(metadata=metadata, **more)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        fits = isinstance(value, str) and 1 <= len(value) <= LONGEST_TEXT
        if not fits or re.search(r"[\x00\ud800-\udfff]", value):
            raise self.make_error("invalid")
        return str(value)


class Email(_Managed, fields.String):
    """An e-mail address, in small letters; nothing is sent to it."""

    code = "email_invalid"

    def __init__(self, about: str, **more: Any) -> None:
        metadata = {"description": about, "maxLength": LONGEST_EMAIL, "format": "email"}
        super().__init__(metadata=metadata, **more)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        address = value.strip().lower() if isinstance(value, str) else ""
        fits = len(address) <= LONGEST_EMAIL and _EMAIL.fullmatch(address)
        if not fits or not is_plain(address):
            raise self.make_error("invalid")
        return address


class NewPassword(_Managed, fields.String):
    """A password that somebody sets, as it is, spaces and all."""

    code = "password_invalid"

    def __init__(self, **more: Any) -> None:
        metadata = {"minLength": SHORTEST_PASSWORD, "maxLength": LONGEST_PASSWORD}
        super().__init__(metadata=metadata, **more)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        fits = isinstance(value, str) and SHORTEST_PASSWORD <= len(value) <= LONGEST_PASSWORD
        if not fits or re.search(r"[\ud800-\udfff]", value):
            raise self.make_error("invalid")
        return str(value)


class Given(_Managed, fields.String):
    """What is held against a secret that we know; whatever it is, it may only be wrong."""

    code = "secret_invalid"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        fits = isinstance(value, str) and len(value) <= LONGEST_TEXT
        if not fits or re.search(r"[\ud800-\udfff]", value):
            raise self.make_error("invalid")
        return str(value)
