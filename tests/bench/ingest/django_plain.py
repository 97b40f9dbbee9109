"""The design that Djangalytics began from, as a baseline: Django, SQLite as it comes, two workers.

One row and one commit a request, into a table with nothing beside it: no unique id, no counts. It
lacks the REST framework and the rate limiter of the original, so it is quicker than that was. Run
by Gunicorn: ``python -m tests.bench.ingest.django_plain PORT FOLDER``.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, ClassVar


def create_app(folder: Path) -> Any:
    """The application over a new file, in Django's own way."""
    import django
    from django.conf import settings
    from django.core.handlers.wsgi import WSGIHandler
    from django.db import connection, models
    from django.http import HttpRequest, JsonResponse
    from django.urls import path

    class Urls:
        urlpatterns: ClassVar[list[Any]] = []

    settings.configure(
        ALLOWED_HOSTS=["*"],
        MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
        ROOT_URLCONF=Urls,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        DATABASES={
            "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / "plain.sqlite3"}
        },
    )
    django.setup()

    class Event(models.Model):
        event_name = models.CharField(max_length=100, db_index=True)
        timestamp = models.DateTimeField(auto_now_add=True, db_index=True)
        source = models.CharField(max_length=200)
        properties = models.JSONField()

        class Meta:
            app_label = "plain"

    if "plain_event" not in connection.introspection.table_names():
        with connection.schema_editor() as editor:
            editor.create_model(Event)
    connection.close()

    def capture_event(request: HttpRequest) -> JsonResponse:
        sent = json.loads(request.body)
        row = Event.objects.create(
            event_name=sent["event_name"],
            source=sent.get("source", ""),
            properties=sent.get("properties", {}),
        )
        return JsonResponse({"id": row.pk, "status": "accepted"}, status=201)

    Urls.urlpatterns.append(path("api/capture_event/", capture_event))
    return WSGIHandler()


def application() -> Any:
    """What Gunicorn calls in each worker."""
    return create_app(Path(os.environ["BENCH_FOLDER"]))


if __name__ == "__main__":
    port, folder = sys.argv[1:]
    os.environ["BENCH_FOLDER"] = folder
    create_app(Path(folder))
    target = f"{__spec__.name}:application()"
    options = ["--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "16"]
    os.execv(
        sys.executable,
        [sys.executable, "-m", "gunicorn", *options, "--log-level", "error", target],
    )
