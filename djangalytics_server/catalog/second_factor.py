"""A second proof at sign-in: the codes of an app (TOTP, RFC 6238), and one-time recovery codes.

The secret that the app keeps is not stored. It is derived from the server's key, which is no part
of the database, and a random text in the person's row: who has but one of the two has no code.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets as random
from collections.abc import Sequence

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from djangalytics_server.catalog import secrets
from djangalytics_server.model.event import MICROSECONDS
from djangalytics_server.store.tables import RecoveryCode, SecondFactor

ISSUER = "Djangalytics"
STEP_SECONDS = 30
RECOVERY_CODES = 10
FREE_GUESSES = 20
"""Wrong codes, wherever they come from, before the account waits: see ``catalog.attempts``."""

_DRIFT = (0, -1, 1)
"""Steps by which the clock of a telephone may be off."""
_DIGITS = 6
_GROUPS, _GROUP = 4, 4


def begin(session: Session, user_id: int, *, now: int) -> str:
    """The salt of a new secret, which counts once a code has confirmed it."""
    salt = secrets.make()
    session.execute(delete(SecondFactor).where(SecondFactor.user_id == user_id))
    session.add(SecondFactor(user_id=user_id, salt=salt, created_at=now, last_step=0))
    session.flush()
    return salt


def secret_of(key: bytes, salt: str) -> str:
    """The secret as apps take it: 160 bits in Base32."""
    derived = hmac.new(key, b"djangalytics totp " + salt.encode(), hashlib.sha256).digest()
    return base64.b32encode(derived[:20]).decode()


def address_of(secret: str, account: str) -> str:
    """What a QR code tells an app (otpauth://)."""
    import pyotp

    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=ISSUER)


def is_on(session: Session, user_id: int) -> bool:
    """Whether the person is asked for a code."""
    row = session.get(SecondFactor, user_id)
    return row is not None and row.confirmed_at is not None


def is_begun(session: Session, user_id: int) -> bool:
    """Whether there is a secret that a code may confirm."""
    return session.get(SecondFactor, user_id) is not None


def recovery_codes_left(session: Session, user_id: int) -> int:
    """How many recovery codes are not used up."""
    question = select(func.count()).where(RecoveryCode.user_id == user_id)
    return int(session.scalar(question) or 0)


def confirm(
    session: Session, user_id: int, key: bytes, code: str, *, now: int
) -> Sequence[str] | None:
    """Switch it on by a first code: the recovery codes, this once; None for a wrong code."""
    if not _use_code(session, user_id, key, _plain(code), now):
        return None
    session.execute(
        update(SecondFactor).where(SecondFactor.user_id == user_id).values(confirmed_at=now)
    )
    made = [_recovery_code() for _ in range(RECOVERY_CODES)]
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    session.add_all(
        RecoveryCode(hash=secrets.digest(_plain(text)), user_id=user_id) for text in made
    )
    session.flush()
    return made


def check(session: Session, user_id: int, key: bytes | None, code: str, *, now: int) -> bool:
    """Whether it is a code of now, or a recovery code, that was not used before; uses it up."""
    plain = _plain(code)
    if len(plain) == _DIGITS and plain.isdecimal():
        return key is not None and _use_code(session, user_id, key, plain, now)
    used = delete(RecoveryCode).where(
        RecoveryCode.hash == secrets.digest(plain), RecoveryCode.user_id == user_id
    )
    return session.scalars(used.returning(RecoveryCode.user_id)).first() is not None


def end(session: Session, user_id: int) -> bool:
    """Switch it off; whether it was on."""
    was_on = is_on(session, user_id)
    for table in (RecoveryCode, SecondFactor):
        session.execute(delete(table).where(table.user_id == user_id))
    return was_on


def _use_code(session: Session, user_id: int, key: bytes, code: str, now: int) -> bool:
    row = session.get(SecondFactor, user_id)
    step = None if row is None else _step(secret_of(key, row.salt), code, now)
    if step is None:
        return False
    later = SecondFactor.last_step < step  # a code, and any before it, is used once
    used = (
        update(SecondFactor)
        .where(SecondFactor.user_id == user_id, later)
        .values(last_step=step)
        .returning(SecondFactor.user_id)
    )
    return session.scalars(used).first() is not None


def _step(secret: str, code: str, now: int) -> int | None:
    """The step of time that a code belongs to, if it is near enough."""
    import pyotp

    clock, current = pyotp.TOTP(secret, interval=STEP_SECONDS), now // MICROSECONDS // STEP_SECONDS
    fitting = [
        current + drift
        for drift in _DRIFT
        if hmac.compare_digest(clock.generate_otp(current + drift).encode(), code.encode())
    ]
    return fitting[0] if fitting else None


def _plain(code: str) -> str:
    """A code without what people put between its characters."""
    return "".join(code.split()).replace("-", "").lower()


def _recovery_code() -> str:
    """80 random bits, as xxxx-xxxx-xxxx-xxxx: more than anybody tries, so a fast hash will do."""
    text = base64.b32encode(random.token_bytes(10)).decode().lower()
    return "-".join(text[at : at + _GROUP] for at in range(0, _GROUPS * _GROUP, _GROUP))
