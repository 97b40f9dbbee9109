"""A tiny shop page: visitors look, some sign up, and both are tracked."""

import uuid

from flask import Flask, Response, g, redirect, render_template_string, request, url_for
from flask.typing import ResponseReturnValue

import djangalytics_client as analytics

PLANS = ("free", "pro", "team")
PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Paper and Tide</title>
<h1>Paper and Tide</h1>
{% if plan %}<p role="status">Welcome! You are on the {{ plan }} plan.</p>{% endif %}
<form method="post" action="{{ url_for('sign_up') }}">
  <label>Plan
    <select name="plan">{% for name in plans %}<option>{{ name }}</option>{% endfor %}</select>
  </label>
  <button>Sign up</button>
</form></html>
"""

app = Flask(__name__)


@app.before_request
def know_the_visitor() -> None:
    """Give every browser an id of its own, so that its events belong to one person."""
    g.visitor = request.cookies.get("visitor") or f"visitor-{uuid.uuid4().hex[:12]}"


@app.after_request
def remember_the_visitor(response: Response) -> Response:
    response.set_cookie("visitor", g.visitor, httponly=True, samesite="Lax")
    return response


@app.get("/")
def shop() -> str:
    # Everything tracked inside the block carries who it was and where it came from.
    with analytics.context(distinct_id=g.visitor, source="web"):
        analytics.track("page_view", {"path": "/"})
    return render_template_string(PAGE, plans=PLANS, plan=request.args.get("plan"))


@app.post("/signup")
def sign_up() -> ResponseReturnValue:
    plan = request.form.get("plan")
    if plan not in PLANS:
        return "There is no such plan.\n", 400
    with analytics.context(distinct_id=g.visitor, source="web"):
        analytics.track("signup", {"plan": plan})
    return redirect(url_for("shop", plan=plan))


# Nothing else is needed: events leave in the background, and what is left goes out when the
# process ends.
