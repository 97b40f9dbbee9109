"""How many people a cohort has, and who they are."""

from __future__ import annotations

from djangalytics_server.model.cohort import CohortAnswer, CohortPeople
from djangalytics_server.store.base import Snapshot


def answer(question: CohortPeople, snapshot: Snapshot) -> CohortAnswer:
    """The numbers, and the people asked for."""
    people, of = snapshot.people(question.members)
    listed = snapshot.members(question) if question.limit else []
    return CohortAnswer(people, of, tuple(listed))
