"""`python -m tests.server.oidc_provider`: a provider of OpenID Connect on loopback, for tests.

It signs with real keys, and checks what a provider has to check: client, code, redirect and PKCE.
It signs in whoever ``/as`` was told, or goes wrong as ``fault`` says. Prints its address.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "djangalytics", "the-secret-of-the-client"


class World:
    """Who is signed in, the codes that are out, and the keys."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "one"}, auto_kid=False)
        self.other = RSAKey.generate_key(2048, {"kid": "one"}, auto_kid=False)
        self.somebody: dict[str, Any] = {}
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []


WORLD = World()


class Handler(BaseHTTPRequestHandler):
    """The provider's addresses."""

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def do_GET(self) -> None:
        place = urlsplit(self.path)
        WORLD.asked.append(place.path)
        query = {name: values[0] for name, values in parse_qs(place.query).items()}
        if place.path == "/.well-known/openid-configuration":
            self.answer(self.described())
        elif place.path == "/jwks":
            self.answer({"keys": [WORLD.key.as_dict(private=False)]})
        elif place.path == "/authorize":
            self.authorize(query)
        elif place.path == "/userinfo":
            self.answer(
                {**claims_of(), "sub": WORLD.somebody.get("userinfo_sub", claims_of()["sub"])}
            )
        elif place.path == "/asked":
            self.answer({"asked": WORLD.asked})
        else:
            self.answer({}, 404)

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        WORLD.asked.append(self.path)
        if self.path == "/as":
            WORLD.somebody = json.loads(text)
            if WORLD.somebody.get("fault") == "new key":
                WORLD.key = RSAKey.generate_key(2048, {"kid": "two"}, auto_kid=False)
            self.answer({})
        else:
            self.token({name: values[0] for name, values in parse_qs(text).items()})

    def described(self) -> dict[str, Any]:
        fault = WORLD.somebody.get("fault")
        return {
            "issuer": "http://127.0.0.1:1" if fault == "other issuer" else self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/jwks",
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        }

    def authorize(self, query: dict[str, str]) -> None:
        """Somebody is signed in here already: back with a code."""
        wanted = {"client_id": CLIENT, "response_type": "code", "code_challenge_method": "S256"}
        assert wanted.items() <= query.items(), query
        assert "openid" in query["scope"].split()
        code = secrets.token_urlsafe()
        WORLD.codes[code] = query
        back = {"code": code, "state": query["state"]}
        if WORLD.somebody.get("fault") == "refused":
            back = {"error": "access_denied", "state": query["state"]}
        self.send_response(302)
        self.send_header("Location", f"{query['redirect_uri']}?{urlencode(back)}")
        self.end_headers()

    def token(self, form: dict[str, str]) -> None:
        """The ID token, for the client that has the code and proves that it asked for it."""
        asked = WORLD.codes.pop(form.get("code", ""), None)
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64url(digest)
        if self.headers["Authorization"] != f"Basic {basic}":
            self.answer({"error": "invalid_client"}, 401)
        elif (
            asked is None
            or asked["code_challenge"] != challenge
            or asked["redirect_uri"] != form["redirect_uri"]
        ):
            self.answer({"error": "invalid_grant"}, 400)
        else:
            self.answer({"access_token": "x", "token_type": "Bearer", **self.id_token(asked)})

    def id_token(self, asked: dict[str, str]) -> dict[str, str]:
        fault, now = WORLD.somebody.get("fault"), int(time.time())
        claims = {
            "iss": "http://127.0.0.1:1" if fault == "token of another issuer" else self.issuer,
            "aud": "somebody-else" if fault == "audience" else CLIENT,
            "iat": now - (7_200 if fault == "expired" else 0),
            "exp": now + (-3_600 if fault == "expired" else 600),
            "nonce": "another" if fault == "nonce" else asked["nonce"],
            **claims_of(),
        }
        if fault == "azp":
            claims |= {"aud": [CLIENT, "somebody-else"], "azp": "somebody-else"}
        for name in WORLD.somebody.get("without", ()):
            del claims[name]
        if fault == "no token":
            return {}
        if fault == "unsigned":
            return {"id_token": by_hand({"alg": "none"}, claims, None)}
        if fault == "signed by the public key":
            public = WORLD.key.as_pem(private=False)
            return {"id_token": by_hand({"alg": "HS256", "kid": WORLD.key.kid}, claims, public)}
        if fault == "signed by the client's secret":
            return {"id_token": by_hand({"alg": "HS256"}, claims, SECRET.encode())}
        key = WORLD.other if fault == "signature" else WORLD.key
        token = jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key)
        if fault == "changed":
            head, _, signature = token.split(".")
            body = base64url(json.dumps({**claims, "sub": "0"}).encode())
            token = f"{head}.{body}.{signature}"
        return {"id_token": token}

    def answer(self, document: dict[str, Any], status: int = 200) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


def by_hand(head: dict[str, Any], claims: dict[str, Any], key: bytes | None) -> str:
    """A token as no library makes it: without a signature, or one that clients could make."""
    parts = [base64url(json.dumps(part).encode()) for part in (head, claims)]
    signature = b"" if key is None else hmac.digest(key, ".".join(parts).encode(), "sha256")
    return ".".join([*parts, base64url(signature)])


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def claims_of() -> dict[str, Any]:
    """Of who is signed in."""
    usual = {"sub": "1", "email": "ada@example.com", "email_verified": True, "name": "Ada"}
    return {**usual, **WORLD.somebody.get("claims", {})}


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()
