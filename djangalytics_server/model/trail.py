"""The audit trail as values: who did what to which thing, when, and from where."""

from __future__ import annotations

from dataclasses import dataclass

ACTIONS: dict[str, str] = {
    "key.create": "A key was made; the subject is how it begins and its name.",
    "key.revoke": "A key was ended for good.",
    "key.rotate": "A key was given a successor.",
    "project.create": "A project was made.",
    "project.change": "A project was changed: its name, its zone, or from whom it takes events.",
    "project.delete": "A project was deleted with all it held.",
    "organisation.create": "An organisation was made.",
    "organisation.rename": "An organisation got another name.",
    "member.role": "Somebody was given another role.",
    "member.remove": "Somebody was taken out of the organisation.",
    "invitation.create": "Somebody was invited.",
    "invitation.revoke": "An invitation was taken back.",
    "invitation.accept": "Somebody joined by an invitation.",
    "account.change": "Somebody changed their own name or e-mail address.",
    "account.password": "Somebody set their own password; their other sessions ended.",
    "second_factor.on": "Somebody added a second factor; their other sessions ended.",
    "second_factor.off": "A person's second factor was taken off; their sessions ended.",
    "login_link.create": "A one-time link to sign in was made.",
    "person.erase": "A person's events were removed; the subject is a digest of their id.",
    "retention.change": "How long raw events are kept was changed; the subject is how long.",
    "cohort.create": "A cohort was saved.",
    "cohort.change": "A cohort got another name or definition.",
    "cohort.delete": "A cohort was deleted.",
    "session.create": "Somebody signed in.",
    "session.end": "Somebody signed out.",
}
"""Everything that is recorded -> what it means. What is not here cannot be recorded."""

EXPORTS = ("csv", "ndjson")
"""The forms in which the trail leaves the house as a whole."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, from which address (None: on the machine itself), and when.

    ``now`` is in microseconds since 1970 UTC.
    """

    name: str
    address: str | None
    now: int


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One thing that was done. ``details`` is a JSON object; ``project_id`` None: no one project's.

    ``at`` is in microseconds since 1970 UTC.
    """

    id: int
    at: int
    project_id: int | None
    actor: str
    action: str
    subject: str
    address: str | None
    details: str


@dataclass(frozen=True, slots=True)
class AuditPage:
    """One page of the trail, newest first; ``before`` is the id it ends below.

    ``project_id`` None means all there is. ``start`` is inclusive, ``end`` exclusive.
    """

    project_id: int | None
    limit: int = 50
    before: int | None = None
    actor: str | None = None
    action: str | None = None
    start: int | None = None
    end: int | None = None
