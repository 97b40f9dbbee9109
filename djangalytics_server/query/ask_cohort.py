"""The body of a question about a cohort's people."""

from __future__ import annotations

from typing import Any

from djangalytics_server.model.cohort import MOST_PEOPLE, CohortPeople
from djangalytics_server.model.query_filter import Members
from djangalytics_server.query import cohorts, filters
from djangalytics_server.query.asked import Asked, wrong
from djangalytics_server.query.fields import (
    Anything,
    Choice,
    CohortId,
    Part,
    Strict,
    Whole,
    Words,
)


class CohortList(Strict):
    """Whom to list."""

    limit = Whole(1, MOST_PEOPLE, about="How many; 100 if absent.")
    after = Words(about="The last id of the page before.")


class CohortQuestion(Strict):
    """How many people a cohort has, and who they are."""

    kind = Choice("cohort", about="Which question this is.", required=True)
    cohort = CohortId(about="The id of a saved one.")
    definition = Anything("CohortDefinition")
    people = Part(CohortList)


def cohort(loaded: dict[str, Any], asked: Asked) -> CohortPeople:
    """The question of a body that the schema passed; raises InvalidQuestion."""
    if ("cohort" in loaded) == ("definition" in loaded):
        raise wrong("not_together", "cohort", "One of cohort and definition is needed, not both.")
    members: Members
    if "cohort" in loaded:
        members = loaded["cohort"]
    else:
        try:
            who = cohorts.read(loaded["definition"], asked.zone, asked.now)
        except filters.Refused as refused:
            place = f"definition{refused.fault.path}"[:300]
            raise wrong(refused.fault.code, place, str(refused.fault)) from refused
        members = Members(asked.project_id, who)
    people = loaded.get("people")
    if people is None:
        return CohortPeople(members)
    return CohortPeople(members, people.get("limit", 100), people.get("after", ""))
