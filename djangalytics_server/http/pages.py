"""The few plain pages that are not the dashboard. No script, no style: they must always work."""

from __future__ import annotations

from html import escape

from flask import Response


def page(title: str, *paragraphs: str, status: int = 200) -> Response:
    """A page of a heading and paragraphs; backquoted words in them are shown as code."""
    body = "".join(f"<p>{_with_code(text)}</p>" for text in paragraphs)
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(title)} · Djangalytics</title></head>"
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )
    return Response(html, status, content_type="text/html; charset=utf-8")


def used_link() -> Response:
    """A sign-in link that was used before, has expired, or was never made."""
    return page(
        "This link does not work any more",
        "A sign-in link works once, within a day of being made.",
        "Make a new one on the machine that runs the server: `djangalytics-server login-link`",
        status=410,
    )


def sign_on_stopped(why: str, status: int) -> Response:
    """A single sign-on that ends before anybody is signed in."""
    return page(
        "You are not signed in",
        why,
        "To try again, open the first page of this server.",
        "On the machine that runs the server, this makes a link: `djangalytics-server login-link`",
        status=status,
    )


def missing_bundle() -> Response:
    """The dashboard was not built into this installation."""
    return page(
        "The dashboard is not built",
        "This copy of Djangalytics has no dashboard files. The API works all the same.",
        "In a checkout, build them: `cd djangalytics_server/dashboard && npm ci && npm run build`",
        "Or install a released version: `pip install 'djangalytics[server]'`",
        status=503,
    )


def _with_code(text: str) -> str:
    parts = escape(text, quote=False).split("`")
    return "".join(f"<code>{p}</code>" if at % 2 else p for at, p in enumerate(parts))
