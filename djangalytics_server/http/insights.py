"""From a typed question to the JSON of its answer, for every kind of insight."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from marshmallow import Schema

from djangalytics_server.http import (
    insight_activity,
    insight_cohort,
    insight_distribution,
    insight_funnel,
    insight_paths,
    insight_retention,
    insight_sessions,
    insight_trends,
)
from djangalytics_server.model.activity import Lifecycle, Stickiness
from djangalytics_server.model.cohort import CohortPeople
from djangalytics_server.model.distribution import Distribution
from djangalytics_server.model.funnel import Funnel
from djangalytics_server.model.paths import Paths
from djangalytics_server.model.retention import Retention
from djangalytics_server.model.sessions import Sessions
from djangalytics_server.model.trends import Trends
from djangalytics_server.query import (
    activity,
    cohort,
    distribution,
    funnel,
    paths,
    retention,
    sessions,
    trends,
)
from djangalytics_server.store.base import Snapshot

Shown = Callable[[Any, Snapshot], dict[str, Any]]

ANSWERS: tuple[type[Schema], ...] = (
    insight_trends.TrendsAnswerSchema,
    insight_funnel.FunnelAnswerSchema,
    insight_retention.RetentionAnswerSchema,
    insight_activity.StickinessAnswerSchema,
    insight_activity.LifecycleAnswerSchema,
    insight_distribution.DistributionAnswerSchema,
    insight_sessions.SessionsAnswerSchema,
    insight_paths.PathsAnswerSchema,
    insight_cohort.CohortAnswerSchema,
)
"""The forms of the answers."""

_SHOWN: dict[type, Shown] = {
    Trends: lambda asked, data: insight_trends.trends_json(trends.answer(asked, data)),
    Funnel: lambda asked, data: insight_funnel.funnel_json(funnel.answer(asked, data)),
    Retention: lambda asked, data: insight_retention.retention_json(retention.answer(asked, data)),
    Stickiness: lambda asked, data: insight_activity.stickiness_json(
        activity.stickiness(asked, data)
    ),
    Lifecycle: lambda asked, data: insight_activity.lifecycle_json(activity.lifecycle(asked, data)),
    Distribution: lambda asked, data: insight_distribution.distribution_json(
        distribution.answer(asked, data)
    ),
    Sessions: lambda asked, data: insight_sessions.sessions_json(sessions.answer(asked, data)),
    CohortPeople: lambda asked, data: insight_cohort.cohort_json(cohort.answer(asked, data)),
    Paths: lambda asked, data: insight_paths.paths_json(paths.answer(asked, data)),
}


def shown(question: Any, snapshot: Snapshot) -> dict[str, Any]:
    """The answer as the API shows it."""
    return _SHOWN[type(question)](question, snapshot)
