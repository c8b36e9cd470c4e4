"""HTTP of ledgers: the routes of every import (kit.intake), and conflicts for a person to decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response

from kit.etags import IfMatch, etag
from kit.intake import intake_router
from kit.lists import Asked, answer, answers, ask
from kit.roles import Role
from kit.sealed import masked
from kit.steps.taking import NextStep
from kit.work import UnitRoute, Work, allow
from services.registry.ledgers import service
from services.registry.ledgers.intake import INTAKE
from services.registry.ledgers.matching import sides_of
from services.registry.ledgers.repository import CONFLICTS
from services.registry.ledgers.rules import PERSONAL_FIELDS, RULE, ConflictState
from services.registry.ledgers.schemas import ConflictAnswer, DecidedTogether, Decision, Decisions, Side
from services.registry.ledgers.tables import LedgerConflict

router = intake_router(INTAKE)
conflicts = APIRouter(prefix=INTAKE.prefix + "/{import_id}/conflicts", tags=["ledger-imports"], route_class=UnitRoute)

Reader = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.TOWN_OFFICER, personal=True)]


def _value(field: str, value: Any) -> Any:
    return masked(value, 3, 2 if field == "phone" else 0) if field in PERSONAL_FIELDS and value else value


def _answer(
    work: Work,
    conflict: LedgerConflict,
    mine: tuple[str, str],
    theirs: tuple[str, str] | None,
    following: list[NextStep],
    *,
    shown: bool,
) -> ConflictAnswer:
    values = sides_of(work, conflict)
    other = theirs if theirs is not None else ("登记册 register", "")
    sides = [
        Side(source="ledger", name=mine[0], cell=mine[1], value=_value(conflict.field, values["ours"])),
        Side(
            source="ledger" if theirs is not None else "register",
            name=other[0],
            cell=other[1],
            value=_value(conflict.field, values["theirs"]) if shown else None,
        ),
    ]
    return ConflictAnswer(
        row_id=conflict.number,
        sides=sides,
        suggestion_rule=RULE if conflict.suggestion else "",
        **{name: getattr(conflict, name) for name in ("id", "field", "person_id", "suggestion", "state", "choice", "reason")},
        **{name: getattr(conflict, name) for name in ("decided_by", "decided_at", "version")},
        next_steps=following,
    )


async def _answers(work: Work, import_id: UUID, entries: Sequence[Any], seen: Mapping[UUID, bool]) -> list[ConflictAnswer]:
    following = await service.next_steps_of(work, import_id, [entry[0] for entry in entries])
    return [
        _answer(
            work,
            conflict,
            (file, f"{sheet}!{row}"),
            (other_file, f"{other_sheet}!{other_row}") if other_file is not None else None,
            following[conflict.id],
            shown=conflict.person_id is None or seen.get(conflict.person_id, False),
        )
        for conflict, file, sheet, row, other_file, other_sheet, other_row in entries
    ]


@conflicts.get("", responses=answers(CONFLICTS))
async def list_conflicts(
    work: Reader, asked: Annotated[Asked, ask(CONFLICTS)], import_id: UUID, state: ConflictState | None = None
) -> Response:
    """What two sources say differently about one person. What lies outside the caller's towns is not shown."""

    return answer(asked, await service.conflicts(work, asked, import_id, state, partial(_answers, work, import_id)))


@conflicts.get("/{conflict_id}")
async def read_conflict(work: Reader, import_id: UUID, conflict_id: UUID, response: Response) -> ConflictAnswer:
    """One conflict, side by side."""
    entry, seen = await service.read_conflict(work, import_id, conflict_id)
    response.headers["ETag"] = etag(entry[0].version)
    return (await _answers(work, import_id, [entry], seen))[0]


@conflicts.post("/decide")
async def decide_all(work: Reader, import_id: UUID, wanted: Decisions) -> DecidedTogether:
    """Decide several conflicts alike; all or none."""
    decided = await service.decide_all(work, import_id, wanted.conflicts, wanted.choice, wanted.reason)
    return DecidedTogether(conflict_ids=[conflict.id for conflict in decided])


@conflicts.post("/{conflict_id}/decide")
async def decide(
    work: Reader, import_id: UUID, conflict_id: UUID, wanted: Decision, response: Response, if_match: IfMatch = None
) -> ConflictAnswer:
    """Decide a conflict: nothing of it is written before."""
    conflict = await service.decide(work, import_id, conflict_id, wanted.choice, wanted.reason, if_match)
    response.headers["ETag"] = etag(conflict.version)
    following = (await service.next_steps_of(work, import_id, [conflict]))[conflict.id]
    return _answer(work, conflict, ("", ""), ("", "") if conflict.other_import_id else None, following, shown=True)
