"""Single sign-on as it is set: which provider, as which client of it, and who may come by it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Newcomers:
    """Who may come without an invitation: those of these e-mail domains, with this role."""

    domains: tuple[str, ...] = ()
    role: str = "viewer"


@dataclass(frozen=True, slots=True)
class SingleSignOn:
    """A provider of OpenID Connect; ``is_local``: on this machine, where it needs no TLS."""

    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    newcomers: Newcomers = Newcomers()
    is_local: bool = False
