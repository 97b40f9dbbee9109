"""`uvicorn tests.hosts.asgi:app`: a FastAPI application; each request tracks in its own context."""

from __future__ import annotations

import asyncio
import os

from fastapi import FastAPI

import djangalytics_client
from djangalytics_client.integrations.asgi import Middleware, Scope
from tests.hosts import witness


def who(scope: Scope) -> str:
    """The text after the question mark."""
    return str(scope["query_string"], "ascii")


app = FastAPI()
app.add_middleware(Middleware, source="api", distinct_id=who)

EACH = 3
"""Events of one request."""


@app.get("/")
async def work() -> dict[str, int]:
    """Track between two awaits -> the process that did."""
    witness.track()
    await asyncio.sleep(0.001)
    witness.track()
    witness.track()
    return {"pid": os.getpid()}


@app.get("/flushed")
async def flushed() -> dict[str, int]:
    """Track and wait for the delivery -> events left."""
    witness.track()
    return {"left": await djangalytics_client.aflush(30)}
