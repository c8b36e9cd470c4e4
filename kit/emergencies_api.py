"""How emergencies of a service are listed and reviewed: `/<service>/v1/emergencies`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from kit.audit_api import Veil
from kit.clock import local_day
from kit.emergencies import EmergencyAnswer, Review, State, page_of, review, review_due
from kit.pages import LIMIT, MAX_LIMIT, Page, next_link
from kit.roles import Role
from kit.work import UnitRoute, Work, allow

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

    @router.get("/emergencies")
    async def list_emergencies(
        work: Reviewer,
        request: Request,
        response: Response,
        state: State | None = None,
        limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = LIMIT,
        cursor: Annotated[str | None, Query(max_length=400)] = None,
    ) -> Page[EmergencyAnswer]:
        """Records that were opened in an emergency, the latest first: who, when and why."""
        rows, following = await page_of(work, state, cursor, limit)
        response.headers.update(next_link(request, following))
        return Page(items=[_answer(work, row) for row in rows], next=following)

    @router.post("/emergencies/{emergency_id}/review")
    async def review_emergency(work: Reviewer, emergency_id: UUID, found: Review) -> EmergencyAnswer:
        """Say whether it was justified: somebody else than who read."""
        return _answer(work, await review(work, emergency_id, found))

    return router
