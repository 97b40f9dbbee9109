"""WSGI and Flask: each event knows its request, and nothing leaks into the next one."""

from __future__ import annotations

from collections.abc import Iterator

import flask
from werkzeug.wsgi import FileWrapper

from djangalytics_client import identify, track
from djangalytics_client.context import NOWHERE, current
from djangalytics_client.integrations.flask import init_app
from djangalytics_client.integrations.wsgi import Middleware

from .conftest import Tracked


def shop(**options: object) -> flask.Flask:
    app = flask.Flask(__name__)
    app.secret_key = "test"
    init_app(app, distinct_id=lambda: flask.session.get("user"), **options)

    @app.get("/sign-in/<user>")
    def sign_in(user: str) -> str:
        flask.session["user"] = user
        track("signed_in")
        return "ok"

    @app.get("/buy")
    def buy() -> str:
        track("bought", {"price": 5})
        return "ok"

    @app.get("/identify")
    def known() -> str:
        identify("grace")
        track("known")
        return "ok"

    @app.get("/stream")
    def stream() -> flask.Response:
        def pieces() -> Iterator[str]:
            for n in range(2):
                track("piece", {"n": n})
                yield "x"

        return flask.Response(flask.stream_with_context(pieces()))

    return app


def test_events_of_a_request_carry_request_user_and_source(tracked: Tracked) -> None:
    """The proxy's request id, the user of Flask's session as it is then, and the source."""
    browser = shop(source="shop").test_client()
    browser.get("/sign-in/ada")
    browser.get("/buy", headers={"X-Request-ID": "req-1"})
    (signed_in,), (bought,) = tracked("signed_in"), tracked("bought")
    assert ("ada", "shop") == (signed_in["distinct_id"], signed_in["source"])
    assert ("ada", {"price": 5, "$request_id": "req-1"}) == (
        bought["distinct_id"],
        bought["properties"],
    )
    assert 32 == len(signed_in["properties"]["$request_id"])


def test_a_request_id_that_could_be_anything_is_not_taken(tracked: Tracked) -> None:
    """What no proxy would send is replaced by an id of our own."""
    browser = shop().test_client()
    for bad in ("x" * 200, "a b", '"><script>'):
        browser.get("/buy", headers={"X-Request-ID": bad})
    ids = {event["properties"]["$request_id"] for event in tracked("bought")}
    assert [32, 32, 32] == [len(each) for each in ids]


def test_who_was_identified_is_forgotten_with_the_request(tracked: Tracked) -> None:
    """The next request in the same thread is nobody's."""
    browser = shop().test_client()
    browser.get("/identify")
    browser.get("/buy")
    (known,), (bought,) = tracked("known"), tracked("bought")
    assert "grace" == known["distinct_id"]
    assert "distinct_id" not in bought
    assert NOWHERE is current.get()


def test_an_answer_in_pieces_is_in_its_request(tracked: Tracked) -> None:
    """Events tracked while the answer is sent belong to the request as well."""
    browser = shop().test_client()
    browser.get("/sign-in/ada")
    answer = browser.get("/stream", headers={"X-Request-ID": "req-2"})
    assert "xx" == answer.text
    assert [
        ("ada", {"n": 0, "$request_id": "req-2"}),
        ("ada", {"n": 1, "$request_id": "req-2"}),
    ] == [(event["distinct_id"], event["properties"]) for event in tracked("piece")]
    assert NOWHERE is current.get()


def test_a_servers_own_way_to_send_a_file_stays(tmp_path: object) -> None:
    """A list or a file wrapper is handed to the server as it is."""
    file = FileWrapper(open(__file__, "rb"))  # noqa: PTH123, SIM115 - closed below
    for answer in ([b"x"], file):
        app = Middleware(lambda environ, start, answer=answer: answer)
        assert answer is app({"wsgi.file_wrapper": FileWrapper}, None)
    file.close()
