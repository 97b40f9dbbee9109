"""Every way to fail, with the stable code and HTTP status that callers see.

    DjangalyticsError
    ├── ApiError                      answered as application/problem+json
    │   ├── BadRequest        400     InvalidJson, InvalidEncoding, InvalidBatch, EmptyBatch,
    │   │                             InvalidEvent, InvalidParameter
    │   │                             InvalidFields, InvalidQuestion
    │   ├── Unauthorized      401     InvalidKey, KeyMistyped, KeyExpired, KeyRevoked,
    │   │                             KeyRequired, SignInRequired, SignInFailed,
    │   │                             SecondFactorRequired, SecondFactorWrong
    │   ├── Forbidden         403     KeyCannotWrite, KeyCannotRead, KeyCannotManage,
    │   │                             CsrfFailed, ForeignOrigin, HostNotAllowed,
    │   │                             OriginNotAllowed, RoleTooLow
    │   ├── NotFound          404
    │   ├── MethodNotAllowed  405
    │   ├── Conflict          409     KeyEnded, AlreadyMember, EmailMissing, EmailTaken,
    │   │                             LastOwner, LastProject, PasswordMissing,
    │   │                             SecondFactorOn, SecondFactorMissing
    │   ├── TooLarge          413     BodyTooLarge, BatchTooLarge
    │   ├── Unsupported       415     UnsupportedEncoding, UnsupportedMediaType
    │   ├── TooManyAttempts   429
    │   ├── RateLimited       429
    │   ├── InternalError     500
    │   ├── NotInstalled      501
    │   └── Unavailable       503     StoreUnavailable, QuestionTimedOut, QueueFull, ShuttingDown
    └── StartError                    one sentence on the terminal and a non-zero exit

What can be wrong with one event or one parameter is listed in ``model.reasons``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing that is wrong with a request: where, a stable code, and words."""

    code: str
    message: str
    field: str | None = None
    index: int | None = None
    insert_id: str | None = None
    line: int | None = None
    column: int | None = None

    def as_json(self) -> dict[str, object]:
        """The entry of ``errors`` in a problem document; absent parts are left out."""
        parts: dict[str, object] = {"code": self.code, "message": self.message}
        for name in ("field", "index", "insert_id", "line", "column"):
            value = getattr(self, name)
            if value is not None:
                parts[name] = value
        return parts


class DjangalyticsError(Exception):
    """Root of everything this package raises on purpose."""


class ApiError(DjangalyticsError):
    """A request that is answered with a problem document."""

    status = 500
    code = "internal_error"
    title = "Internal error"

    def __init__(
        self, detail: str, *, errors: Sequence[FieldError] = (), retry_after: int | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)
        self.retry_after = retry_after
        self.fields: Mapping[str, str] = {}
        """Further header fields of the answer."""


class BadRequest(ApiError):
    """The request itself is wrong; sending it again changes nothing."""

    status, code, title = 400, "bad_request", "Bad request"


class InvalidJson(BadRequest):
    """The body is not JSON."""

    code, title = "invalid_json", "The body is not JSON"


class InvalidEncoding(BadRequest):
    """The body is not UTF-8, or not the gzip it says it is."""

    code, title = "invalid_encoding", "The body cannot be decoded"


class InvalidBatch(BadRequest):
    """The body is JSON, but not a batch."""

    code, title = "invalid_batch", "The body is not a batch of events"


class EmptyBatch(BadRequest):
    """A batch without events."""

    code, title = "empty_batch", "The batch has no events"


class InvalidEvent(BadRequest):
    """A single event was refused; the code is the reason."""

    title = "The event was refused"

    def __init__(self, error: FieldError) -> None:
        super().__init__(error.message, errors=[error])
        self.code = error.code


class InvalidParameter(BadRequest):
    """A query parameter is wrong; ``errors`` says which."""

    code, title = "invalid_parameter", "A query parameter is wrong"


class InvalidFields(BadRequest):
    """A field of the body is wrong; ``errors`` says which."""

    code, title = "invalid_fields", "A field of the body is wrong"


class InvalidQuestion(BadRequest):
    """The body of a question is wrong; ``errors`` says where."""

    code, title = "invalid_question", "The question is wrong"


class Unauthorized(ApiError):
    """Nobody we know is asking."""

    status, code, title = 401, "unauthorized", "Not signed in"


class InvalidKey(Unauthorized):
    """Nobody made the key."""

    code, title = "invalid_key", "The key is not valid"


class KeyMistyped(Unauthorized):
    """The key's checksum does not fit it, or it is too short or too long to be one."""

    code, title = "key_mistyped", "The key has a typing error"


class KeyExpired(Unauthorized):
    """The key was made for a time that is over, or its successor has taken its place."""

    code, title = "key_expired", "The key has expired"


class KeyRevoked(Unauthorized):
    """Somebody ended the key."""

    code, title = "key_revoked", "The key was revoked"


class KeyRequired(Unauthorized):
    """The project takes no events without a key."""

    code, title = "key_required", "A write key is needed"


class SignInRequired(Unauthorized):
    """Reading needs a session or a read key."""

    code, title = "sign_in_required", "Sign in to read"


class SignInFailed(Unauthorized):
    """The e-mail address and the password do not go together; nothing says which was wrong."""

    code, title = "sign_in_failed", "Not signed in"


class SecondFactorRequired(Unauthorized):
    """E-mail address and password go together, and a code is needed too."""

    code, title = "second_factor_required", "A code is needed too"


class SecondFactorWrong(Unauthorized):
    """The code is not one of now, or it was used before."""

    code, title = "second_factor_wrong", "The code is wrong"


class Forbidden(ApiError):
    """We know who is asking, and they may not."""

    status, code, title = 403, "forbidden", "Not allowed"


class KeyCannotWrite(Forbidden):
    """A key that is no write key was used to send events."""

    code, title = "key_cannot_write", "This key cannot send events"


class KeyCannotRead(Forbidden):
    """A key that is no read key was used to ask a question."""

    code, title = "key_cannot_read", "This key cannot read"


class KeyCannotManage(Forbidden):
    """A key that is no admin key was used to manage the project."""

    code, title = "key_cannot_manage", "This key cannot manage the project"


class CsrfFailed(Forbidden):
    """A write made with a session lacks the session's token."""

    code, title = "csrf_failed", "The request did not come from the dashboard"


class ForeignOrigin(Forbidden):
    """A write made with a session comes from a page that is not ours."""

    code, title = "foreign_origin", "The request comes from another site"


class HostNotAllowed(Forbidden):
    """Development mode answers to local names only."""

    code, title = "host_not_allowed", "This host name is not served"


class OriginNotAllowed(Forbidden):
    """A page that sends events is of no origin that the project allows."""

    code, title = "origin_not_allowed", "The project takes no events from this site"


class RoleTooLow(Forbidden):
    """A person's role in the organisation does not go so far."""

    code, title = "role_too_low", "Your role does not allow it"


class NotFound(ApiError):
    """There is nothing at this address."""

    status, code, title = 404, "not_found", "Not found"


class MethodNotAllowed(ApiError):
    """The address exists, the method does not."""

    status, code, title = 405, "method_not_allowed", "Method not allowed"


class Conflict(ApiError):
    """What is asked for does not go with how things stand."""

    status, code, title = 409, "conflict", "Not as things stand"


class KeyEnded(Conflict):
    """A key that is revoked or expired cannot be rotated."""

    code, title = "key_ended", "The key has ended"


class AlreadyMember(Conflict):
    """Who is invited belongs to the organisation."""

    code, title = "already_member", "Already a member"


class EmailMissing(Conflict):
    """A password goes with an e-mail address, by which one signs in."""

    code, title = "email_missing", "An e-mail address is needed first"


class EmailTaken(Conflict):
    """Two people cannot sign in by one e-mail address."""

    code, title = "email_taken", "Somebody else has the e-mail address"


class LastOwner(Conflict):
    """An organisation always has an owner."""

    code, title = "last_owner", "Somebody has to own the organisation"


class LastProject(Conflict):
    """An organisation always has a project."""

    code, title = "last_project", "The organisation's only project stays"


class PasswordMissing(Conflict):
    """A second factor goes with a password, which is the first."""

    code, title = "password_missing", "A password is needed first"


class SecondFactorOn(Conflict):
    """There is a second factor already."""

    code, title = "second_factor_on", "There is a second factor already"


class SecondFactorMissing(Conflict):
    """There is no second factor that could be confirmed or taken off."""

    code, title = "second_factor_missing", "There is no second factor"


class TooLarge(ApiError):
    """More than we take in one request."""

    status, code, title = 413, "too_large", "Too large"


class BodyTooLarge(TooLarge):
    """The body, or what it inflates to, is over the limit."""

    code, title = "body_too_large", "The body is too large"


class BatchTooLarge(TooLarge):
    """Too many events in one batch."""

    code, title = "batch_too_large", "The batch has too many events"


class Unsupported(ApiError):
    """We cannot read this form of body."""

    status, code, title = 415, "unsupported", "Unsupported body"


class UnsupportedEncoding(Unsupported):
    """A Content-Encoding other than gzip or identity."""

    code, title = "unsupported_encoding", "Unsupported Content-Encoding"


class UnsupportedMediaType(Unsupported):
    """A Content-Type other than JSON."""

    code, title = "unsupported_media_type", "Unsupported Content-Type"


class TooManyAttempts(ApiError):
    """Somebody got the account's password wrong too often from this address."""

    status, code, title = 429, "too_many_attempts", "Too many attempts"


class RateLimited(ApiError):
    """Too fast: nothing of the request was stored; it may come after ``retry_after`` seconds."""

    status, code, title = 429, "rate_limited", "Too many events"

    def __init__(self, detail: str, *, retry_after: int, fields: Mapping[str, str]) -> None:
        super().__init__(detail, retry_after=retry_after)
        self.fields = fields


class InternalError(ApiError):
    """A fault of ours; the log has the details under the request id."""

    title = "Something went wrong on our side"


class NotInstalled(ApiError):
    """What was asked for needs a library that this server does not have."""

    status, code, title = 501, "not_installed", "Not installed on this server"


class Unavailable(ApiError):
    """Nothing of this request was stored; the same request may succeed later."""

    status, code, title = 503, "unavailable", "Not available right now"


class StoreUnavailable(Unavailable):
    """The database did not take the write or answer the question."""

    code, title = "store_unavailable", "The database is not available"


class QuestionTimedOut(Unavailable):
    """The answer was not found in the time that a question has."""

    code, title = "question_timeout", "The question took too long"


class QueueFull(Unavailable):
    """More is waiting to be written than the queue holds."""

    code, title = "queue_full", "Too much is waiting to be written"


class ShuttingDown(Unavailable):
    """The server is on its way out."""

    code, title = "shutting_down", "The server is stopping"


class StartError(DjangalyticsError):
    """The server cannot start: one sentence that says why and how to mend it."""

    exit_code = 1


def api_errors(root: type[ApiError] = ApiError) -> Iterator[type[ApiError]]:
    """Every class of the tree below ``root``, itself first."""
    yield root
    for child in root.__subclasses__():
        yield from api_errors(child)
