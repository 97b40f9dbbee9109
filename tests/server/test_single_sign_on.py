"""Single sign-on against a provider that is a process of its own, and signs real tokens."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from djangalytics_server.catalog import identities
from djangalytics_server.config import resolve
from djangalytics_server.errors import StartError
from djangalytics_server.http.cookies import COOKIE
from tests.server.desk import Desk, desk_of, join
from tests.server.house import House
from tests.server.oidc_provider import CLIENT, SECRET

ROOT = Path(__file__).parents[2]
ADA = "ada@example.com"
START, BACK = "/login/oidc/", "/login/oidc/callback/"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """The provider's address."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.server.oidc_provider"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


@pytest.fixture
def be(issuer: str) -> Callable[..., None]:
    """Says who signs in at the provider, and what goes wrong there."""

    def become(fault: str | None = None, without: tuple[str, ...] = (), **claims: Any) -> None:
        somebody = {"fault": fault, "claims": claims, "without": without}
        assert requests.post(f"{issuer}/as", json=somebody, timeout=30).ok

    become()
    return become


@pytest.fixture
def house(build: Callable[..., House], issuer: str) -> House:
    """A server that lets people of example.com come."""
    return build(
        oidc_issuer=issuer,
        oidc_client_id=CLIENT,
        oidc_client_secret=SECRET,
        oidc_domains="example.org, Example.com",
        oidc_role="analyst",
    )


def at_the_provider(browser: FlaskClient, path: str = START) -> str:
    """Begin, and sign in there: the path and query by which the browser comes back."""
    begun = browser.get(path)
    assert 303 == begun.status_code, begun.text
    there = requests.get(begun.headers["Location"], allow_redirects=False, timeout=30)
    assert 302 == there.status_code, there.text
    back = urlsplit(there.headers["Location"])
    assert BACK == back.path
    return f"{back.path}?{back.query}"


def arrive(house: House, path: str = START) -> tuple[FlaskClient, TestResponse]:
    """A new browser, and the answer to its coming back."""
    browser = house.app.test_client()
    return browser, browser.get(at_the_provider(browser, path))


def refused(answer: TestResponse, status: int, words: str) -> None:
    """The page says why, and nobody is signed in."""
    assert (status, True) == (answer.status_code, words in answer.text), answer.text
    assert "text/html; charset=utf-8" == answer.content_type
    assert COOKIE not in " ".join(answer.headers.getlist("Set-Cookie"))


def test_there_and_back(house: House, be: Callable[..., None]) -> None:
    """With PKCE, state and nonce to the provider; back with a session of its own, to a page of
    ours.
    """
    browser = house.app.test_client()
    begun = browser.get(f"{START}?next=/settings")
    asked = {k: v[0] for k, v in parse_qs(urlsplit(begun.headers["Location"]).query).items()}
    assert {
        "response_type": "code",
        "client_id": CLIENT,
        "code_challenge_method": "S256",
    }.items() <= (asked.items())
    assert 43 <= min(len(asked[name]) for name in ("state", "nonce", "code_challenge"))
    assert f"http://localhost{BACK}" == asked["redirect_uri"]
    cookie = begun.headers["Set-Cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Lax", "Path=/login/oidc;"))
    browser, answer = arrive(house, f"{START}?next=/settings")
    assert (303, "/settings") == (answer.status_code, answer.headers["Location"])
    session = Desk(browser).session()
    assert ("Ada", ADA, "analyst") == (
        session["user"]["name"],
        session["user"]["email"],
        session["role"],
    )
    assert session["single_sign_on"]
    _, again = arrive(house)
    assert "/" == again.headers["Location"]
    assert 1 == house.sql("SELECT count(*) FROM users WHERE email = ?", ADA)[0][0]


@pytest.mark.parametrize(
    ("asked", "place"),
    [
        ("/settings", "/settings"),
        ("/?project=2", "/?project=2"),
        ("/settings?project=12", "/settings?project=12"),
        ("//evil.example", "/"),
        ("https://evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/login/oidc/", "/"),
        ("/?project=2&x=1", "/"),
        ("/settings\n", "/"),
        ("settings", "/"),
        ("", "/"),
    ],
)
def test_it_leads_to_known_places_alone(
    house: House, be: Callable[..., None], asked: str, place: str
) -> None:
    """Whatever an address says."""
    browser = house.app.test_client()
    begun = browser.get(START, query_string={"next": asked})
    there = requests.get(begun.headers["Location"], allow_redirects=False, timeout=30)
    back = urlsplit(there.headers["Location"])
    answer = browser.get(f"{back.path}?{back.query}")
    assert (303, place) == (answer.status_code, answer.headers["Location"])


@pytest.mark.parametrize(
    "fault",
    [
        "signature",
        "changed",
        "unsigned",
        "signed by the public key",
        "signed by the client's secret",
        "nonce",
        "audience",
        "azp",
        "expired",
        "token of another issuer",
    ],
)
def test_a_token_that_proves_nothing_is_refused(
    house: House, be: Callable[..., None], fault: str
) -> None:
    """Signed by another key or by none, for another sign-in, client or time: 403, nobody made."""
    be(fault)
    _, answer = arrive(house)
    refused(answer, 403, "another application" if fault == "azp" else "not proven")
    assert [] == house.sql("SELECT * FROM identities")


@pytest.mark.parametrize("name", ["sub", "exp", "iat", "nonce", "aud", "iss"])
def test_a_token_that_lacks_something_is_refused(
    house: House, be: Callable[..., None], name: str
) -> None:
    """What the standard requires is required."""
    be(without=(name,))
    refused(arrive(house)[1], 403, "not proven")


@pytest.mark.parametrize("verified", [False, None, "false", 1, "yes"])
def test_an_address_that_is_not_verified_is_nobodys(
    house: House, be: Callable[..., None], verified: object
) -> None:
    """Or whoever writes another's address into their account there would be them here."""
    be(email_verified=verified)
    refused(arrive(house)[1], 403, "not verified your e-mail address")
    be(email="")
    refused(arrive(house)[1], 403, "does not say your e-mail address")


def test_a_state_works_once_and_in_its_browser_alone(house: House, be: Callable[..., None]) -> None:
    """Neither again, nor in another browser, nor made up, nor late; the provider is not asked."""
    browser = house.app.test_client()
    back = at_the_provider(browser)
    words = "not begun in this browser"
    refused(house.app.test_client().get(back), 400, words)  # somebody else's browser
    cookie = browser.get_cookie("djangalytics_oidc", path="/login/oidc")
    assert cookie is not None
    assert 303 == browser.get(back).status_code
    browser.set_cookie("djangalytics_oidc", cookie.value, path="/login/oidc")
    refused(browser.get(back), 400, words)  # replayed
    refused(browser.get(f"{BACK}?code=x&state=made-up"), 400, words)
    refused(browser.get(BACK), 400, words)
    assert 1 == house.sql("SELECT count(*) FROM used_sign_ins")[0][0]


def test_a_sign_in_that_was_not_ended_leaves_nothing(house: House, be: Callable[..., None]) -> None:
    """Anybody may begin one, as often as they like: the browser keeps all of it."""
    size = house.sql("PRAGMA page_count")
    for _ in range(200):
        assert 303 == house.app.test_client().get(START).status_code
    assert [] == house.sql("SELECT * FROM used_sign_ins")
    assert size == house.sql("PRAGMA page_count")


def test_a_sign_in_ends_when_its_cookie_says_and_no_later(
    house: House, be: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After ten minutes it is over; whoever writes another end or another place into the cookie has
    a state that fits no more, and one who makes up all of it gets no further than our own pages.
    """
    words = "not begun in this browser"
    browser = house.app.test_client()
    back = at_the_provider(browser)
    kept = browser.get_cookie("djangalytics_oidc", path="/login/oidc")
    assert kept is not None
    secret, end, place = kept.value.split(".")
    now = int(time.time() * 1_000_000)
    assert 590_000_000 < int(end) - now <= 600_000_000
    for other in (
        f"{secret}.{now - 1}.{place}",
        f"{secret}.{int(end) + 1}.{place}",
        f"{secret}.{end}.{b'/settings'.hex()}",
        f"{secret}.{end}",
        "",
    ):
        browser.set_cookie("djangalytics_oidc", other, path="/login/oidc")
        refused(browser.get(back), 400, words)
    for made_up, status, leads in (
        (f"{secret}.{now + 900_000_000}.{place}", 400, None),  # ends too late
        (f"{secret}.{now - 1}.{place}", 400, None),
        (f"{secret}.{end}.{b'//evil.example'.hex()}", 303, "/"),
    ):
        proofs = identities.proofs(made_up)
        monkeypatch.setattr(identities, "fresh_cookie", lambda *_, made=made_up, **__: made)
        browser = house.app.test_client()
        answer = browser.get(at_the_provider(browser))
        assert (status, leads) == (answer.status_code, answer.headers.get("Location"))
        assert proofs.state not in answer.text


def test_a_code_of_another_sign_in_is_worth_nothing(house: House, be: Callable[..., None]) -> None:
    """A code that was stolen on its way does not fit the thief's own verifier."""
    victim, thief = house.app.test_client(), house.app.test_client()
    code = parse_qs(urlsplit(at_the_provider(victim)).query)["code"][0]
    state = parse_qs(urlsplit(at_the_provider(thief)).query)["state"][0]
    answer = thief.get(BACK, query_string={"code": code, "state": state})
    refused(answer, 403, "does not take back the code")


def test_when_the_provider_says_no(house: House, be: Callable[..., None]) -> None:
    """Its error is a page; what it says besides is not shown."""
    be("refused")
    refused(arrive(house)[1], 403, "did not sign you in")
    be("no token")
    refused(arrive(house)[1], 502, "does not answer as it should")


def test_a_provider_that_is_away_or_another(
    build: Callable[..., House], be: Callable[..., None], issuer: str
) -> None:
    """502 with words; the log has the reason."""
    away = build(oidc_issuer="http://127.0.0.1:9", oidc_client_id=CLIENT)
    refused(away.client.get(START), 502, "does not answer as it should")
    be("other issuer")
    fresh = build(oidc_issuer=issuer, oidc_client_id=CLIENT, oidc_client_secret=SECRET)
    refused(fresh.client.get(START), 502, "does not answer as it should")


def test_a_wrong_client_secret(
    build: Callable[..., House], be: Callable[..., None], issuer: str
) -> None:
    """The provider takes no code from who cannot prove to be its client."""
    house = build(oidc_issuer=issuer, oidc_client_id=CLIENT, oidc_client_secret="wrong")
    refused(arrive(house)[1], 403, "does not take back the code")


def test_a_new_key_of_the_provider_is_found(
    house: House, be: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Providers change their keys; a token by one that is new has them fetched again, not often."""
    assert 303 == arrive(house)[1].status_code
    be("new key")
    refused(arrive(house)[1], 403, "not proven")  # they were fetched a moment ago
    monkeypatch.setattr("djangalytics_server.http.provider._KEYS_AGAIN_SECONDS", 0)
    assert 303 == arrive(house)[1].status_code


def test_who_is_known_by_address_is_linked_once(
    build: Callable[..., House], be: Callable[..., None], house: House
) -> None:
    """An account is found by its verified address, then by subject, whatever the address becomes;
    another subject with the address is refused.
    """
    owner = desk_of(house)
    ada = join(house, owner, ADA, "admin")
    browser, _ = arrive(house)
    assert ada.session()["user"]["id"] == Desk(browser).session()["user"]["id"]
    assert "admin" == Desk(browser).session()["role"]
    be(email="ada@elsewhere.example")
    browser, _ = arrive(house)
    assert ada.session()["user"]["id"] == Desk(browser).session()["user"]["id"]
    be(sub="2")
    refused(arrive(house)[1], 403, "Somebody else signs in to the account")


def test_who_is_not_of_the_domains_needs_an_invitation(
    house: House, be: Callable[..., None]
) -> None:
    """Nobody is made for who may not come; an invitation is used up, with its role."""
    before = house.sql("SELECT count(*) FROM users")
    for email in ("eve@elsewhere.example", "eve@example.com.evil.example", "eve@sub.example.com"):
        be(email=email, sub=email)
        refused(arrive(house)[1], 403, "Nobody invited you")
    assert before == house.sql("SELECT count(*) FROM users")
    owner = desk_of(house)
    body = {"email": "eve@elsewhere.example", "role": "admin"}
    assert 201 == owner.ask("POST", "/api/invitations/", body).status_code
    be(email="eve@elsewhere.example", sub="eve")
    browser, _ = arrive(house)
    assert "admin" == Desk(browser).session()["role"]
    assert [] == owner.get("/api/invitations/")


def test_an_address_beside_the_token_is_found(
    house: House, be: Callable[..., None], issuer: str
) -> None:
    """Some providers tell it at their userinfo address alone; of the same subject."""
    be(without=("email", "email_verified", "name"))
    browser, _ = arrive(house)
    assert ADA == Desk(browser).session()["user"]["email"]
    somebody = {"without": ["email"], "userinfo_sub": "another"}
    assert requests.post(f"{issuer}/as", json=somebody, timeout=30).ok
    refused(arrive(house)[1], 403, "two different people")


def test_who_is_removed_may_not_come_back_by_subject(house: House, be: Callable[..., None]) -> None:
    """The link goes with the person."""
    be(email="eve@example.com", sub="eve")
    browser, _ = arrive(house)
    person = Desk(browser).session()["user"]["id"]
    assert 204 == desk_of(house).ask("DELETE", f"/api/people/{person}/").status_code
    assert [] == house.sql("SELECT * FROM identities")
    assert 401 == browser.get("/api/stats/").status_code


def test_without_a_provider_there_is_nothing(build: Callable[..., House]) -> None:
    """404 at both addresses, and the page is told so."""
    house = build()
    for path in (START, BACK, START[:-1], BACK[:-1]):
        assert 404 == house.client.get(path).status_code
    assert house.client.get("/api/session/").json["single_sign_on"] is False


def test_nothing_of_it_is_loaded_before_somebody_comes(issuer: str, tmp_path: Path) -> None:
    """Neither at the start nor when a provider is set: whoever does not use it pays nothing."""
    code = (
        "import sys; from pathlib import Path; from djangalytics_server import app, config\n"
        f"s = config.resolve({{'data': Path({str(tmp_path)!r}), 'oidc_issuer': {issuer!r},"
        " 'oidc_client_id': 'x'}, {})\n"
        "app.prepare(s); app.create_app(s).close()\n"
        "print([m for m in ('authlib', 'joserfc', 'cryptography', 'requests', 'pyotp', 'segno')"
        " if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert "[]\n" == done.stdout


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"oidc_issuer": "http://accounts.example.com", "oidc_client_id": "x"}, "https://"),
        ({"oidc_issuer": "accounts.example.com", "oidc_client_id": "x"}, "https://"),
        ({"oidc_issuer": "https://accounts.example.com"}, "oidc_client_id"),
        (
            {
                "oidc_issuer": "https://accounts.example.com",
                "oidc_client_id": "x",
                "oidc_role": "owner",
            },
            "viewer, analyst, admin",
        ),
    ],
)
def test_settings_that_do_not_fit_are_refused(given: dict[str, str], says: str) -> None:
    """One sentence that says what is missing."""
    with pytest.raises(StartError, match=says):
        resolve(given, {})


def test_the_secret_is_not_shown(issuer: str) -> None:
    """Not where settings are printed."""
    settings = resolve(
        {"oidc_issuer": issuer, "oidc_client_id": "x"}, {"DJANGALYTICS_OIDC_CLIENT_SECRET": SECRET}
    )
    assert settings.single_sign_on is not None
    assert SECRET == settings.single_sign_on.client_secret
    assert SECRET not in repr(settings.single_sign_on)
