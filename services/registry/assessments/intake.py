"""Assessments taken over from a county's ledgers: set-based, and taking the same rows over again changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, cast, func, insert, select
from sqlmodel import col

from kit.db import new_id
from kit.roles import Role
from kit.steps.machine import START
from kit.work import Work
from services.registry.assessments.rules import MACHINE, taken_state, valid_to
from services.registry.assessments.tables import AssessmentChange, RiskAssessment


class TakenAssessment(NamedTuple):
    """One assessment of a ledger, signed on paper. `tier`: high, medium or low."""

    person_id: UUID
    division_code: str
    tier: str
    assessed_on: date


async def take_over_assessments(work: Work, rows: Sequence[TakenAssessment]) -> int:
    """Enter assessments from ledgers, one per person and day; the number entered.

    The paper of the county office was signed by it, so they enter as `signed` and expire like any other (domain 4.2). A high tier of somebody else's ledger
    waits for a second person's signature, as one that was proposed by hand (PIPL art. 24). Model and inputs are not known.
    """
    wanted = {(row.person_id, row.assessed_on): row for row in rows}
    if not wanted:
        return 0
    query = select(col(RiskAssessment.person_id), col(RiskAssessment.assessed_on))
    query = query.where(col(RiskAssessment.person_id) == func.any(cast([row.person_id for row in rows], ARRAY(Uuid))))
    known = {(person_id, day) for person_id, day in await work.session.execute(query)}
    actor, office = work.principal.subject, work.principal.has(Role.COUNTY_OFFICER)
    values = [
        {
            "id": new_id(),
            "person_id": row.person_id,
            "division_code": row.division_code,
            "tier": row.tier,
            "state": taken_state(row.tier, office=office),
            "assessed_on": row.assessed_on,
            "valid_to": valid_to(row.assessed_on, row.tier),
            "model_version": "paper",
            "inputs": {},
            "reason": "台账接收",
            "signed_by": actor if taken_state(row.tier, office=office) == "signed" else None,
            "signed_on": row.assessed_on if taken_state(row.tier, office=office) == "signed" else None,
            "withdrawn_reason": "",
            "proposed_by": "" if taken_state(row.tier, office=office) == "signed" else actor,
            "version": 1,
            "source": "ledger",
            "recorded_at": work.now,
            "updated_at": work.now,
        }
        for key, row in wanted.items()
        if key not in known
    ]
    if values:
        await work.session.execute(insert(RiskAssessment), values)
        await work.session.execute(insert(AssessmentChange), [_taken(work, item) for item in values])
        await work.note("assessment.take_over", "assessment", *(item["id"] for item in values), details={"count": len(values)})
    return len(values)


def _taken(work: Work, item: dict[str, Any]) -> dict[str, Any]:
    return {
        "object_id": item["id"],
        "event": "take_over",
        "from_state": START,
        "to_state": item["state"],
        "happened_on": item["assessed_on"],
        "source": MACHINE.step(START, "take_over").source,
        "reason": item["reason"],
        "recorded_by": work.principal.subject,
        "recorded_at": work.now,
    }
