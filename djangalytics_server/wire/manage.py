"""Bodies that manage things (keys and their like): validation, its words, the OpenAPI document."""

from __future__ import annotations

from typing import Any, cast

from marshmallow import RAISE, Schema, ValidationError

from djangalytics_server.errors import FieldError, InvalidFields, InvalidJson
from djangalytics_server.model.reasons import FIELDS, Coded
from djangalytics_server.wire import strict_json
from djangalytics_server.wire.fields import Moment
from djangalytics_server.wire.managed_fields import (
    Days,
    Definition,
    Email,
    Flag,
    Given,
    Kind,
    Name,
    NewPassword,
    Origins,
    Pace,
    PersonId,
    Role,
    Seconds,
    Sources,
    Zone,
)

LONGEST_OVERLAP = 30 * 86_400
"""Seconds for which a rotated key may go on beside its successor."""
USUAL_OVERLAP = 86_400


class NewKeySchema(Schema):
    """The body that makes a key."""

    kind = Kind("What it may do.", required=True)
    name = Name("What it is for.", required=True)
    expires_at = Moment(
        code="expires_at_invalid", about="When it ends, RFC 3339; absent or null: never."
    )


class RotationSchema(Schema):
    """The body that rotates a key; it may be empty."""

    overlap_seconds = Seconds(
        "For how long the old key goes on beside the new one.",
        most=LONGEST_OVERLAP,
        load_default=USUAL_OVERLAP,
    )


class NewProjectSchema(Schema):
    """The body that makes a project."""

    name = Name("What it is called.", required=True)
    time_zone = Zone(
        load_default="UTC", metadata={"description": "An IANA name, such as Europe/Berlin."}
    )


class ProjectChangeSchema(Schema):
    """The body that changes a project: what is absent stays."""

    name = Name("What it is called.")
    time_zone = Zone(metadata={"description": "An IANA name, such as Europe/Berlin."})
    open_capture = Flag(metadata={"description": "Whether events are taken without a key."})
    origins = Origins("Origins of pages that may send, such as https://example.com.")
    sources = Sources("What `source` of an event may be; anything, or nothing, if empty.")
    limit = Pace("How fast it may be sent to; null: as fast as the server takes events.")


class NewCohortSchema(Schema):
    """The body that saves a cohort."""

    name = Name("What it is called.", required=True)
    definition = Definition("Who is in it.", required=True)


class CohortChangeSchema(Schema):
    """The body that changes a cohort: what is absent stays."""

    name = Name("What it is called.")
    definition = Definition("Who is in it.")


class DeletionSchema(Schema):
    """The body that deletes a project: its name, so that it is the right one."""

    name = Name("The project's name.", required=True)


class RetentionChangeSchema(Schema):
    """The body that says how long raw events are kept."""

    days = Days("So many days after they arrived; null: for ever.", required=True)


class ErasureWishSchema(Schema):
    """The body that has a person erased."""

    distinct_id = PersonId("Whose events go.", required=True)


class OrganisationChangeSchema(Schema):
    """The body that renames an organisation."""

    name = Name("What it is called.", required=True)


class RoleSchema(Schema):
    """The body that gives a member another role."""

    role = Role("What they may do.", required=True)


class NewInvitationSchema(Schema):
    """The body that invites somebody."""

    email = Email("By which they will sign in.", required=True)
    role = Role("What they may do.", required=True)


class InvitationTokenSchema(Schema):
    """The body that looks at an invitation."""

    token = Given(required=True)


class AcceptanceSchema(Schema):
    """The body that accepts an invitation.

    Who has an account under the invitation's e-mail address gives its password; anybody else sets
    one.
    """

    token = Given(required=True)
    name = Name("What they are called.", required=True)
    password = NewPassword(required=True)
    code = Given(metadata={"description": "Of the account's second factor, if there is one."})


class SignInSchema(Schema):
    """The body that signs in."""

    email = Given(required=True)
    password = Given(required=True)
    code = Given(metadata={"description": "Of the second factor, if there is one."})


class ProofSchema(Schema):
    """The body that proves who one is; ``current`` unless the terminal's link signed in."""

    current = Given()


class CodeSchema(Schema):
    """The body that confirms a second factor."""

    code = Given(required=True)


class AccountChangeSchema(Schema):
    """The body that changes one's own account: what is absent stays."""

    name = Name("What you are called.")
    email = Email("By which you sign in.")


class PasswordChangeSchema(Schema):
    """The body that sets one's own password; ``current`` unless the terminal's link signed in."""

    current = Given()
    password = NewPassword(required=True)


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
        raise InvalidFields(_detail(errors[0], schema), errors=errors) from error


def _detail(first: FieldError, schema: Schema) -> str:
    """The words for the first that is wrong; most rules name their field, these two do not."""
    if first.code == "field_unknown":
        known = ", ".join(schema.fields) or "none"
        return f"{first.field}: {first.message} Known here: {known}."
    return f"{first.field}: {first.message}" if first.code == "field_missing" else first.message


def _error(name: str, message: str) -> FieldError:
    # The only message of Marshmallow's own that is left is the one on unknown fields.
    code = message.code if isinstance(message, Coded) else "field_unknown"
    return refusal(code, str(name)[:100])


def refusal(code: str, field: str) -> FieldError:
    """The entry on a field that breaks a rule."""
    return FieldError(code, FIELDS[code], field)
