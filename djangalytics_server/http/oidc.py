"""Single sign-on: to the provider, and back from it. It is browsers that come here, so: pages."""

from __future__ import annotations

import hmac
import logging
import re
from collections.abc import Callable

from flask import Blueprint, Response, redirect, request
from werkzeug.exceptions import NotFound

from djangalytics_server.catalog import identities
from djangalytics_server.catalog.identities import AlreadyUsed, Claims, NotInvited, OtherIdentity
from djangalytics_server.catalog.transactions import writing
from djangalytics_server.http import cookies, pages
from djangalytics_server.http.provider import NotProven, Provider, ProviderFailed
from djangalytics_server.http.services import Services
from djangalytics_server.http.session import begin
from djangalytics_server.model.sign_on import SingleSignOn

COOKIE = "djangalytics_oidc"
START, BACK = "/login/oidc/", "/login/oidc/callback/"
_PLACES = re.compile(r"/(settings)?(\?project=[0-9]{1,10})?")
"""Where a sign-in may lead: pages of ours, and nothing else that an address could say."""
_OVER = "This sign-in was not begun in this browser, or it is over."
_log = logging.getLogger(__name__)


class _Stopped(Exception):
    """The sign-in ends with a page."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status, self.words = status, words


def blueprint(services: Services) -> Blueprint:
    """The two addresses; there is nothing at them unless a provider is set."""
    blue = Blueprint("oidc", __name__)
    settings = services.policy.single_sign_on
    provider = None if settings is None else Provider(settings, services.clock)

    def start() -> Response:
        if provider is None:
            raise NotFound
        return _ended_well(lambda: _sent_off(services, provider))

    def back() -> Response:
        if provider is None or settings is None:
            raise NotFound
        answer = _ended_well(lambda: _come_back(services, provider, settings))
        answer.delete_cookie(COOKIE, path=START.rstrip("/"), httponly=True, samesite="Lax")
        return answer

    for path, view in ((START, start), (BACK, back)):
        for rule in (path, path.rstrip("/")):
            blue.add_url_rule(rule, view_func=view, methods=["GET"])
    return blue


def _ended_well(make: Callable[[], Response]) -> Response:
    try:
        return make()
    except _Stopped as stopped:
        return pages.sign_on_stopped(stopped.words, stopped.status)
    except ProviderFailed as failure:
        _log.error("single sign-on: the provider failed: %s", failure)
        words = "The provider of single sign-on does not answer as it should. Try again later."
        return pages.sign_on_stopped(words, 502)


def _sent_off(services: Services, provider: Provider) -> Response:
    asked = request.args.get("next", "/")
    place = asked if _PLACES.fullmatch(asked) else "/"
    cookie = identities.fresh_cookie(place, now=services.clock())
    address = provider.address(_here(services), identities.proofs(cookie))
    answer: Response = redirect(address, 303)  # type: ignore[assignment]
    answer.set_cookie(
        COOKIE,
        cookie,
        max_age=identities.PATIENCE_SECONDS,
        path=START.rstrip("/"),
        httponly=True,
        samesite="Lax",  # or the browser would not bring it back from the provider
        secure=services.policy.secure_cookies,
    )
    return answer


def _come_back(services: Services, provider: Provider, settings: SingleSignOn) -> Response:
    """Sign in whoever comes back with what this browser was sent off with."""
    kept = request.cookies.get(COOKIE, "")
    proofs, place = identities.proofs(kept), identities.place_of(kept, now=services.clock())
    state = request.args.get("state", "")
    ours = hmac.compare_digest(state.encode("utf-8", "replace"), proofs.state.encode())
    if not ours or place is None or identities.is_used(services.session(), state):
        raise _Stopped(400, _OVER)
    if "error" in request.args or "code" not in request.args:
        raise _Stopped(403, "The provider did not sign you in.")
    try:
        claims = provider.claims(request.args["code"], _here(services), proofs)
    except NotProven as error:
        raise _Stopped(403, str(error)) from error
    cookie = _signed_in(services, claims, settings, state)
    answer: Response = redirect(place if _PLACES.fullmatch(place) else "/", 303)  # type: ignore[assignment]
    cookies.give(answer, cookie, secure=services.policy.secure_cookies)
    return answer


def _signed_in(services: Services, claims: Claims, settings: SingleSignOn, state: str) -> str:
    """The cookie of a new session; raises _Stopped, and changes nothing, for who may not come."""
    now = services.clock()
    try:
        with writing(services.session()) as session:
            identities.use_up(session, state, now=now)
            user_id = identities.person(session, claims, settings.newcomers, now=now)
            return begin(services, session, user_id)
    except AlreadyUsed as error:  # by another request, since it was looked up
        raise _Stopped(400, _OVER) from error
    except NotInvited as error:
        raise _Stopped(
            403, "Nobody invited you here. Ask whoever manages this server for an invitation."
        ) from error
    except OtherIdentity as error:
        raise _Stopped(
            403, "Somebody else signs in to the account with your e-mail address."
        ) from error


def _here(services: Services) -> str:
    """Where the provider sends browsers back to."""
    base = services.policy.public_url.rstrip("/") or request.host_url.rstrip("/")
    return base + BACK
