"""The provider of single sign-on, asked by OpenID Connect: code flow with PKCE, state and nonce.

Authlib (an extra) makes the requests, joserfc, which comes with it, proves the tokens. Neither is
imported before somebody signs in that way.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from djangalytics_server.catalog.identities import Claims, Proofs
from djangalytics_server.model.sign_on import SingleSignOn

if TYPE_CHECKING:
    from joserfc.jwk import KeySet


PATIENCE_SECONDS = 10
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]
"""Signatures by a key that the provider alone has; what a client could sign itself is not here."""
_LEEWAY_SECONDS = 60
_BELIEVED_SECONDS = 3_600
_KEYS_AGAIN_SECONDS = 30
"""How soon keys may be fetched again for a token that none of them signed."""
_log = logging.getLogger(__name__)


class ProviderFailed(Exception):
    """The provider does not answer, or not as it should; the reason is for the log alone."""


class NotProven(Exception):
    """What came back does not prove who somebody is; the words are for them."""


class Provider:
    """One provider. ``clock`` gives microseconds since 1970 UTC."""

    def __init__(self, settings: SingleSignOn, clock: Callable[[], int]) -> None:
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._document: tuple[float, dict[str, Any]] | None = None
        self._keys: tuple[float, KeySet] | None = None

    def address(self, back: str, proofs: Proofs) -> str:
        """Where a browser signs in at the provider, to come ``back``; raises ProviderFailed."""
        endpoint = self._endpoint("authorization_endpoint")
        with self._client(back) as client:
            url, _ = client.create_authorization_url(
                endpoint, state=proofs.state, nonce=proofs.nonce, code_verifier=proofs.verifier
            )
        return str(url)

    def claims(self, code: str, back: str, proofs: Proofs) -> Claims:
        """Who somebody is that came back with this code; raises ProviderFailed or NotProven."""
        import requests
        from authlib.common.errors import AuthlibBaseError

        try:
            with self._client(back) as client:
                answer = client.fetch_token(
                    self._endpoint("token_endpoint"),
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=proofs.verifier,
                    allow_redirects=False,
                )
        except AuthlibBaseError as error:
            raise NotProven("The provider does not take back the code it gave.") from error
        except (requests.RequestException, ValueError) as error:
            raise ProviderFailed(f"its token endpoint: {error!r}") from error
        token = answer.get("id_token") if isinstance(answer, dict) else None
        if not isinstance(token, str):
            raise ProviderFailed("its token endpoint gave no id_token")
        found = self._proven(token, proofs.nonce)
        if "email" not in found:
            found |= self._person(str(answer.get("access_token", "")), found["sub"])
        return _claims(self._settings.issuer, found)

    def _proven(self, token: str, nonce: str) -> dict[str, Any]:
        """The claims of a token that the provider signed, for us, now, for this sign-in."""
        from joserfc import jwt
        from joserfc.errors import JoseError

        settings = self._settings
        registry = jwt.JWTClaimsRegistry(
            now=self._clock() // 1_000_000,
            leeway=_LEEWAY_SECONDS,
            iss={"essential": True, "value": settings.issuer},
            aud={"essential": True, "value": settings.client_id},
            nonce={"essential": True, "value": nonce},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
        )
        try:
            claims = self._decoded(token)
            registry.validate(claims)
        except (JoseError, ValueError) as error:
            _log.warning("single sign-on: a token was refused: %r", error)
            raise NotProven("What the provider said is not proven.") from error
        if claims.get("azp", settings.client_id) != settings.client_id:
            raise NotProven("What the provider said was meant for another application.")
        return claims

    def _decoded(self, token: str) -> dict[str, Any]:
        """The claims under a good signature; a key that is new is fetched."""
        from joserfc import jwt
        from joserfc.errors import JoseError

        try:
            return dict(jwt.decode(token, self._key_set(_BELIEVED_SECONDS), _ALGORITHMS).claims)
        except (JoseError, ValueError):
            fresh = self._key_set(_KEYS_AGAIN_SECONDS)
            return dict(jwt.decode(token, fresh, _ALGORITHMS).claims)

    def _person(self, access_token: str, subject: object) -> dict[str, Any]:
        """What the provider tells of somebody beside the token, as some do with addresses."""
        if "userinfo_endpoint" not in self._described():
            return {}
        bearer = {"Authorization": f"Bearer {access_token}"}
        found = _fetched(self._endpoint("userinfo_endpoint"), bearer)
        if found.get("sub") != subject:
            raise NotProven("The provider speaks of two different people.")
        return found

    def _key_set(self, believed: float) -> KeySet:
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        with self._lock:
            now = time.monotonic()
            if self._keys is None or now - self._keys[0] >= believed:
                document: Any = _fetched(self._endpoint("jwks_uri"))
                try:
                    self._keys = now, KeySet.import_key_set(document)
                except (JoseError, ValueError, KeyError, TypeError) as error:
                    raise ProviderFailed(f"its keys cannot be read: {error!r}") from error
            return self._keys[1]

    def _described(self) -> dict[str, Any]:
        """What the provider says of itself; believed for an hour."""
        now = time.monotonic()
        if self._document is None or now - self._document[0] >= _BELIEVED_SECONDS:
            issuer = self._settings.issuer
            found = _fetched(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
            if found.get("issuer") != issuer:
                raise ProviderFailed(f"it calls itself {found.get('issuer')!r}, not {issuer!r}")
            self._document = now, found
        return self._document[1]

    def _endpoint(self, name: str) -> str:
        address = self._described().get(name)
        secure = isinstance(address, str) and address.startswith("https://")
        if not isinstance(address, str) or not (secure or self._settings.is_local):
            raise ProviderFailed(f"its {name} is not at https")
        return address

    def _client(self, back: str) -> AbstractContextManager[Any]:
        from authlib.integrations.requests_client import OAuth2Session

        settings = self._settings
        ways = self._described().get("token_endpoint_auth_methods_supported")
        way = "client_secret_basic" if settings.client_secret else "none"
        if way != "none" and isinstance(ways, list) and way not in ways:
            way = "client_secret_post"
        client: AbstractContextManager[Any] = OAuth2Session(
            settings.client_id,
            settings.client_secret or None,
            token_endpoint_auth_method=way,
            scope="openid email profile",
            redirect_uri=back,
            code_challenge_method="S256",
            default_timeout=PATIENCE_SECONDS,
        )
        return client


def _claims(issuer: str, found: dict[str, Any]) -> Claims:
    subject, email = str(found["sub"]), str(found.get("email") or "").strip().lower()
    if email.count("@") != 1 or len(email) > 254 or len(subject) > 255 or not email.isprintable():
        raise NotProven("The provider does not say your e-mail address.")
    verified = found.get("email_verified")
    if verified is not True and verified != "true":  # as text, some say it
        raise NotProven("The provider has not verified your e-mail address.")
    name = "".join(c for c in str(found.get("name") or email) if c.isprintable()).strip()[:100]
    return Claims(issuer, subject, email, name or email[:100])


def _fetched(address: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    import requests

    try:
        with requests.get(
            address, headers=headers, timeout=PATIENCE_SECONDS, allow_redirects=False
        ) as answer:
            answer.raise_for_status()
            found = answer.json()
    except (requests.RequestException, ValueError) as error:
        raise ProviderFailed(f"{address}: {error!r}") from error
    if answer.status_code != 200 or not isinstance(found, dict):
        raise ProviderFailed(f"{address}: HTTP {answer.status_code}, or no JSON object")
    return found
