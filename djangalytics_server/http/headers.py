"""What the browser is told on every answer."""

from __future__ import annotations

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
SAFE_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


_HTTPS_ALONE = {"Strict-Transport-Security": "max-age=31536000"}
"""For a year, and for this name alone: what other names of the domain do is not ours to say."""


_READABLE = "ETag, Link, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id"


def readable_by(origin: str) -> dict[str, str]:
    """What lets pages of an origin read an answer to their request; see ``http.cors``."""
    return {
        "Access-Control-Allow-Origin": origin,
        "Vary": "Origin",
        "Access-Control-Expose-Headers": _READABLE,
    }


def safe_headers(*, https: bool) -> dict[str, str]:
    """What every answer says; ``https``: people come by it, and are to come by nothing else."""
    return {**SAFE_HEADERS, **_HTTPS_ALONE} if https else SAFE_HEADERS


def api_headers(*, https: bool) -> dict[str, str]:
    """What every answer of the API says; development mode and CORS add to it."""
    return {**safe_headers(https=https), "Cache-Control": "no-store"}
