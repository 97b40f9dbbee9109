"""The stats of the design that Djangalytics began from, as a baseline: Django counts the events.

The same events in a table with an index on the time and one on the name; every answer counts them
anew. It lacks the REST framework of the original, so it is quicker than that was.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

_COPY = (
    "INSERT INTO plain_event (event_name, timestamp, source, properties)"
    " SELECT event_name, strftime('%Y-%m-%d %H:%M:%f', timestamp / 1e6, 'unixepoch'), '',"
    " properties"
    " FROM there.events"
)


def opened(folder: Path, events: Path) -> Callable[[], object]:
    """What asks for the stats of the last 30 days once, over a copy of a file's events."""
    import django
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.urls import path

    class Urls:
        urlpatterns: ClassVar[list[Any]] = []

    file = folder / "plain.sqlite3"
    settings.configure(
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=Urls,
        USE_TZ=True,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": file}},
    )
    django.setup()
    model = _model()
    with connection.schema_editor() as editor:
        editor.create_model(model)
    connection.close()
    with sqlite3.connect(file) as copy:
        copy.execute("ATTACH ? AS there", (str(events),))
        copy.execute(_COPY)
    copy.close()
    Urls.urlpatterns.append(path("api/stats/", _stats(model)))
    client = Client()

    def ask() -> object:
        answer = client.get("/api/stats/")
        if answer.status_code != 200:
            raise SystemExit(f"Django: {answer.status_code}")
        return json.loads(answer.content)

    return ask


def _model() -> Any:
    from django.db import models

    class Event(models.Model):
        id = models.BigAutoField(primary_key=True)
        event_name = models.CharField(max_length=100, db_index=True)
        timestamp = models.DateTimeField(db_index=True)
        source = models.CharField(max_length=200)
        properties = models.JSONField()

        class Meta:
            app_label = "plain"

    return Event


def _stats(model: Any) -> Callable[[Any], Any]:
    from datetime import timedelta

    from django.db.models import Count
    from django.db.models.functions import TruncDate
    from django.http import JsonResponse
    from django.utils import timezone

    def stats(_request: Any) -> JsonResponse:
        events = model.objects.all()
        since = timezone.now() - timedelta(days=30)
        daily = events.filter(timestamp__gte=since).annotate(date=TruncDate("timestamp"))
        daily = daily.values("date", "event_name").annotate(count=Count("id")).order_by("date")
        names = events.values("event_name").annotate(count=Count("id")).order_by("-count")
        recent = events.order_by("-timestamp")[:50]
        return JsonResponse(
            {
                "daily_stats": list(daily),
                "event_counts": list(names),
                "recent_events": list(recent.values("id", "event_name", "timestamp")),
                "total_events": events.count(),
            }
        )

    return stats
