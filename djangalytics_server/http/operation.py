"""For those who run it: is it alive, is it ready, what does it take, what does it promise."""

from __future__ import annotations

from dataclasses import asdict
from functools import lru_cache
from typing import Any

from flask import Blueprint, Response
from marshmallow import Schema, fields

from djangalytics_server.http.answers import json_answer
from djangalytics_server.http.operations import Operation, Registry
from djangalytics_server.http.services import Services
from djangalytics_server.model.limits import LIMITS


class StatusSchema(Schema):
    """Always ok: anything else is a problem document."""

    status = fields.String(required=True)


HEALTH = Operation("GET", "/healthz", "The process answers.", {200: StatusSchema})
READY = Operation("GET", "/readyz", "The database answers too.", {200: StatusSchema}, (503,))
SHOWN_LIMITS = Operation("GET", "/api/limits/", "How much of everything is taken.", {200: "object"})
DOCUMENT = Operation("GET", "/api/openapi.json", "This document.", {200: "object"})


def blueprint(services: Services, registry: Registry) -> Blueprint:
    """Health, limits and the OpenAPI document."""
    blue = Blueprint("operation", __name__)

    def healthz() -> Response:
        return json_answer({"status": "ok"})

    def readyz() -> Response:
        services.store.ping()
        return json_answer({"status": "ok"})

    def limits() -> Response:
        return json_answer(asdict(LIMITS))

    @lru_cache(maxsize=1)
    def document() -> dict[str, Any]:
        from djangalytics_server.http import openapi  # not for every start

        return openapi.document(registry, services.policy.version)

    def openapi_json() -> Response:
        return json_answer(document())

    registry.add(blue, HEALTH, healthz)
    registry.add(blue, READY, readyz)
    registry.add(blue, SHOWN_LIMITS, limits)
    registry.add(blue, DOCUMENT, openapi_json)
    return blue
