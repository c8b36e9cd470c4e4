"""Use cases of risk assessments: a model proposes, a named person signs (domain 4.2; PIPL art. 24)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from kit.etags import check_version
from kit.problems import invalid
from kit.roles import Role
from kit.steps.machine import START
from kit.steps.taking import NextStep, Reason, declared, next_steps, refuse, take
from kit.work import Work
from services.registry.assessments import rules
from services.registry.assessments.errors import AssessmentNotFound, AssessmentState, NoTier, SecondPerson
from services.registry.assessments.schemas import NewAssessment, Signature, Withdrawal
from services.registry.assessments.tables import AssessmentChange, RiskAssessment
from services.registry.measures import repository as measures
from services.registry.people import repository
from services.registry.people.errors import PersonNotFound
from services.registry.people.service import readable
from services.registry.people.tables import Person

SECOND = Reason(code=SecondPerson.slug, zh=SecondPerson.title_zh, en=SecondPerson.title_en)
NO_TIER = Reason(code=NoTier.slug, zh=NoTier.title_zh, en=NoTier.title_en)


async def propose_assessment(work: Work, person_id: UUID, new: NewAssessment) -> RiskAssessment:
    """Propose a tier from evidence; it binds nobody. Raises PersonNotFound, NoTier, Invalid."""
    person = await readable(work, person_id, work.purpose or "supervision")
    if new.assessed_on > work.today:
        raise invalid("/assessed_on", "date_future", "日期不能晚于今天", "must not lie in the future")
    if not await _may_have_tier(work, person, new.assessed_on):
        raise NoTier
    inputs: dict[str, int] = {**new.inputs}
    tier = rules.proposed_tier(rules.score(inputs))
    row = RiskAssessment(
        person_id=person_id,
        division_code=person.division_code,
        tier=tier,
        state=START,
        assessed_on=new.assessed_on,
        valid_to=rules.valid_to(new.assessed_on, tier),
        model_version=rules.MODEL_VERSION,
        inputs=inputs,
        reason=new.reason,
        proposed_by=work.principal.subject,
        source="entry",
        recorded_at=work.now,
        updated_at=work.now,
    )
    await _take(work, row, "propose", new.reason)
    return row


async def sign_assessment(work: Work, assessment_id: UUID, signature: Signature, if_match: str | None) -> RiskAssessment:
    """Sign with the proposed tier or another one. Raises AssessmentNotFound, StaleVersion, AssessmentState, NoTier, SecondPerson."""
    row, person = await _writable(work, assessment_id, if_match)
    declared(rules.MACHINE, row.state, "sign", AssessmentState)
    if not await _may_have_tier(work, person, work.today):
        refuse([NO_TIER], NoTier)
    own = row.proposed_by == work.principal.subject
    refuse([SECOND] if own and "high" in (row.tier, signature.tier) else [], SecondPerson)
    row.tier, row.reason = signature.tier, signature.reason
    row.valid_to = rules.valid_to(row.assessed_on, signature.tier)
    row.signed_by, row.signed_on = work.principal.subject, work.today
    await _take(work, row, "sign", signature.reason)
    return row


async def withdraw_assessment(work: Work, assessment_id: UUID, withdrawal: Withdrawal, if_match: str | None) -> RiskAssessment:
    """Take an assessment back. Raises AssessmentNotFound, StaleVersion, AssessmentState."""
    row, _ = await _writable(work, assessment_id, if_match)
    declared(rules.MACHINE, row.state, "withdraw", AssessmentState)
    row.withdrawn_reason = withdrawal.reason
    await _take(work, row, "withdraw", withdrawal.reason)
    return row


async def _take(work: Work, row: RiskAssessment, event: str, reason: str) -> None:
    await take(
        work,
        rules.MACHINE,
        row,
        event,
        AssessmentChange,
        noted=("person", row.person_id, "assessment"),
        reason=reason,
        problem=AssessmentState,
        details={"assessment": str(row.id), "tier": row.tier},
    )


async def next_steps_of(work: Work, rows: Sequence[RiskAssessment]) -> dict[UUID, list[NextStep]]:
    """Assessment → what can be done with it; one question a person for what stands in the way."""
    blocked: dict[UUID, list[Reason]] = {}
    for person in await repository.people_by_ids(work.session, sorted({row.person_id for row in rows})):
        blocked[person.id] = [] if await _may_have_tier(work, person, work.today) else [NO_TIER]
    found: dict[UUID, list[NextStep]] = {}
    for row in rows:
        own = [SECOND] if row.tier == "high" and row.proposed_by == work.principal.subject else []
        found[row.id] = next_steps(rules.MACHINE, row.state, work.principal, {"sign": [*blocked[row.person_id], *own]})
    return found


async def assessments_of(work: Work, person_id: UUID) -> Sequence[RiskAssessment]:
    """All assessments of a person, newest first. Raises PersonNotFound."""
    await readable(work, person_id)
    await work.note("assessment.list", "person", person_id)
    query = select(RiskAssessment).where(col(RiskAssessment.person_id) == person_id)
    return (
        (await work.session.execute(query.order_by(col(RiskAssessment.assessed_on).desc(), col(RiskAssessment.id).desc()))).scalars().all()
    )


async def read_assessment(work: Work, assessment_id: UUID) -> RiskAssessment:
    """One assessment of a person whose record the caller may read. Raises AssessmentNotFound."""
    row = await work.session.get(RiskAssessment, assessment_id)
    if row is None:
        raise AssessmentNotFound
    try:
        await readable(work, row.person_id)
    except PersonNotFound as error:
        raise AssessmentNotFound from error  # the same as one that does not exist
    await work.note("assessment.read", "person", row.person_id, details={"assessment": str(row.id)})
    return row


async def tier_of(work: Work, person_id: UUID, on: date | None) -> tuple[RiskAssessment | None, str]:
    """The signed assessment that holds on a day, or None with the reason why there is no tier. Raises PersonNotFound."""
    person = await readable(work, person_id)
    day = on or work.today
    await work.note("assessment.tier", "person", person_id)
    if not await _may_have_tier(work, person, day):
        return None, "没有正在执行的措施或动态管控,不作分级"
    query = select(RiskAssessment).where(
        col(RiskAssessment.person_id) == person_id,
        col(RiskAssessment.state) == "signed",
        col(RiskAssessment.assessed_on) <= day,
    )
    found = (
        await work.session.execute(query.order_by(col(RiskAssessment.assessed_on).desc(), col(RiskAssessment.id).desc()).limit(1))
    ).scalar()
    if found is None:
        return None, "尚无已签字的评估"
    if found.valid_to <= day:
        return None, "评估已过有效期,须重新评估"
    return found, found.reason


async def _may_have_tier(work: Work, person: Person, day: date) -> bool:
    if person.state == "closed":
        return False
    running = await measures.running_on(work.session, person.id, day)
    return rules.may_have_tier(person.status, measure_runs=running is not None)


async def _writable(work: Work, assessment_id: UUID, if_match: str | None) -> tuple[RiskAssessment, Person]:
    query = select(RiskAssessment).where(col(RiskAssessment.id) == assessment_id).with_for_update()
    row = (await work.session.execute(query)).scalar_one_or_none()
    person = await repository.person(work.session, row.person_id) if row else None
    if row is None or person is None or not work.principal.covers(person.division_code):
        raise AssessmentNotFound
    if not work.principal.has(Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.POLICE_OFFICER):
        raise AssessmentNotFound
    if person.state == "closed" and not work.principal.has(Role.COUNTY_OFFICER):
        raise AssessmentNotFound  # closed with the record; the county office may still correct a mistake
    check_version(if_match, row.version)
    return row, person
