"""How emergencies of a service are listed and reviewed: `/<service>/v1/emergencies`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy import select

from kit.audit_api import Veil
from kit.clock import local_day
from kit.emergencies import EmergencyAnswer, Review, State, review, review_due
from kit.lists import Asked, Rows, answer, answers, ask, find_rows
from kit.roles import Role
from kit.work import UnitRoute, Work, allow

EMERGENCIES = Rows(
    name="emergencies",
    item=EmergencyAnswer,
    sorts={"id": ("id",)},
    default="-id",
    counted={"verdict": "verdict"},
    action="emergency.list",
    object_type="emergency",
)

Reviewer = Annotated[Work, allow(Role.AUDITOR, Role.COUNTY_OFFICER)]


def _answer(work: Work, row: Mapping[str, Any]) -> EmergencyAnswer:
    opened = {
        name: work.sealer.open(row[name], "emergency", name, str(row["id"])) if row[name] is not None else None
        for name in ("sentence", "remark")
    }
    kept = {name: row[name] for name in ("id", "reader", "opened_at", "until", "reviewed_by", "reviewed_at", "verdict")}
    person = UUID(Veil(work.sealer).over(str(row["person_id"])))
    due = review_due(local_day(row["opened_at"]), work.house.works)
    return EmergencyAnswer.model_validate({**kept, **opened, "person": person, "review_due": due})


def emergencies_router(prefix: str) -> APIRouter:
    """`GET <prefix>/emergencies` and `POST <prefix>/emergencies/{id}/review`."""
    router = APIRouter(prefix=prefix, tags=["emergencies"], route_class=UnitRoute)

    @router.get("/emergencies", responses=answers(EMERGENCIES))
    async def list_emergencies(work: Reviewer, asked: Annotated[Asked, ask(EMERGENCIES)], state: State | None = None) -> Response:
        """Records that were opened in an emergency, the latest first: who, when and why."""
        table = work.house.schema.emergencies
        query = select(table)
        if state is not None:
            query = query.where(table.c.reviewed_at.is_(None) if state == "unreviewed" else table.c.reviewed_at.is_not(None))
        return answer(asked, await find_rows(work, EMERGENCIES, asked, query, {"state": state}, shape=lambda row: _answer(work, row)))

    @router.post("/emergencies/{emergency_id}/review")
    async def review_emergency(work: Reviewer, emergency_id: UUID, found: Review) -> EmergencyAnswer:
        """Say whether it was justified: somebody else than who read."""
        return _answer(work, await review(work, emergency_id, found))

    return router
