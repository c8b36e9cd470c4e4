"""Use cases of specimens: taking one, reading and listing them, and how much of them is shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from kit.clock import local_day
from kit.lists import Asked, Found, find_rows
from kit.problems import FieldError, Forbidden, Invalid, invalid
from kit.roles import Role
from kit.steps.taking import declared
from kit.work import Work
from services.testing.collections import policy, repository, rules
from services.testing.collections.errors import CollectionNotFound, SameSexRequired, SealUsed
from services.testing.collections.schemas import CollectionAnswer, CollectionRow, NewCollection, Seals
from services.testing.collections.service.steps import first_step, next_steps_of, owe, take_step
from services.testing.collections.tables import ChainStep, Collection
from services.testing.events import TestMissed
from services.testing.kits.service import usable_lot
from services.testing.plans import repository as plans
from services.testing.plans.errors import PlanNotFound
from services.testing.plans.repository.many import due_test_fields
from services.testing.plans.rules import DUE_TEST
from services.testing.plans.service import take_step as take_plan_step
from services.testing.plans.tables import DueTest
from services.testing.staff import rules as staff_rules
from services.testing.staff.rules import Member
from services.testing.staff.service import taking_part
from services.testing.subjects import repository as subjects
from services.testing.subjects.errors import SubjectNotFound
from services.testing.subjects.policy import CLOSED_FOR, STAFF
from services.testing.subjects.service import require_legal_basis, subject_to_see, subject_to_test
from services.testing.subjects.tables import Subject


async def collect(work: Work, new: NewCollection) -> Collection:
    """The person attended: a specimen was taken (DTP art. 8).

    Raises PlanNotFound, NotFromHere, NoLegalBasis, SameSexRequired, KitLotExpired, Forbidden, Invalid.
    """
    policy.may_report_onsite(work.principal, new.mode)
    day = local_day(new.collected_at)
    collectors = await _collectors(work, new, day)  # before a row is locked: the registry may be slow, or down
    witnesses = await taking_part(work, new.witnesses, day, "/witnesses", two=False)
    if {member.code for member in witnesses} & {member.code for member in collectors}:
        raise invalid("/witnesses", "collects", "采样人员不能同时作为见证人", "who collects is not a witness")
    due = await plans.plan(work.session, new.plan_id, for_update=True)
    if due is None:
        raise PlanNotFound
    try:
        subject = await subject_to_test(work, due.person_id)
    except SubjectNotFound as error:
        raise PlanNotFound from error
    _check_specimen(work, new, due)
    policy.may_collect(work.principal, new.mode, collectors)
    if not staff_rules.same_sex(subject.sex, collectors):
        raise SameSexRequired
    term_start = None
    if due.kind == "mandatory":
        term_start = (await require_legal_basis(work, subject, day)).term_start
    await _attend(work, due, new, day)
    if new.kit_lot_id is not None:
        await usable_lot(work, new.kit_lot_id, new.specimen_type, day)
    window = rules.window_start(new.specimen_type, day)
    taken = Collection(
        plan_id=due.id,
        person_id=due.person_id,
        measure_id=due.measure_id,
        division_code=subject.division_code,
        tested_in=due.division_code,
        kind=due.kind,
        mode=new.mode,
        specimen_type=new.specimen_type,
        sampled_on=day,
        collected_at=new.collected_at,
        place=new.place,
        collectors=[_kept(member) for member in collectors],
        witnesses=[_kept(member) for member in witnesses],
        kit_lot_id=new.kit_lot_id,
        hair_cm=new.hair.length_cm if new.hair else None,
        hair_mg_each=new.hair.weight_mg_each if new.hair else None,
        window_start=window,
        before_term=rules.reaches_before_term(window, term_start),
        created_at=work.now,
        updated_at=work.now,
    )
    owe(work, taken, day)
    work.session.add(taken)
    work.session.add(first_step(work, taken, "collect", day))
    await work.session.flush()
    if new.seals is not None:
        await seal(work, taken, new.seals)
    await work.note("test.collect", "person", taken.person_id, details={"collection": str(taken.id)})
    return taken


async def read_collection(work: Work, collection_id: UUID) -> Collection:
    """One collection. Raises CollectionNotFound."""
    found = await repository.collection(work.session, collection_id)
    if found is None:
        raise CollectionNotFound
    policy.may_see(work.principal, found, await subjects.subject(work.session, found.person_id), work.purpose)
    await work.note("test.read", "person", found.person_id, details={"collection": str(found.id)})
    return found


async def chain_of(work: Work, collection_id: UUID) -> Sequence[ChainStep]:
    """The chain, for those who may see it: police, the laboratory that holds the specimen, the person. Raises CollectionNotFound, Forbidden."""
    found = await read_collection(work, collection_id)
    if policy.view_of(work.principal, found, work.purpose) != "chain":
        raise Forbidden("检测过程记录仅公安机关、检测机构和本人可见", "the chain is for the police, the laboratory and the person")
    return await repository.chain_of(work.session, found.id)


async def list_collections(work: Work, asked: Asked, division: str | None, state: str | None, kind: str | None, *, overdue: bool) -> Found:
    """Collections that the caller may see. Raises Forbidden, OutsideScope, BadCursor."""
    policy.may_ask_by_state(work.principal, work.purpose, state)
    wanted = repository.Wanted(work.scope.within(division) if division else None, state, kind, work.today if overdue else None)
    filters = {"division": division, "state": state, "kind": kind, "overdue": overdue, "purpose": work.purpose}
    query = repository.collections_in(sight_of(work), wanted)
    return await find_rows(work, repository.COLLECTIONS, asked, query, filters, shape=lambda taken: _row(work, taken))


def _row(work: Work, taken: Collection) -> CollectionRow:
    values = _shown(work, taken, {})
    return CollectionRow(**{name: values[name] for name in CollectionRow.model_fields})


def sight_of(work: Work) -> repository.Sight:
    """Who looks, as a list asks it."""
    who = work.principal
    laboratory = who.laboratory_id if who.has(Role.LAB_TECHNICIAN) else None
    return repository.Sight(
        scope=work.scope,
        staff=who.has(*STAFF),
        decides=who.has(*policy.DECIDERS),
        opens_closed=who.has(Role.COUNTY_OFFICER) and work.purpose in CLOSED_FOR,
        laboratory=laboratory,
    )


async def collections_of(work: Work, person_id: UUID) -> Sequence[Collection]:
    """The collections of a person that the caller may see, the latest first. Raises SubjectNotFound."""
    subject = await subjects.subject(work.session, person_id)
    found = await repository.collections_of(work.session, person_id)
    visible = [taken for taken in found if _visible(work, taken, subject)]
    if not visible:
        await subject_to_see(work, person_id)
    await work.note("test.read_all", "person", person_id)
    return visible


def _visible(work: Work, taken: Collection, subject: Subject | None) -> bool:
    try:
        policy.may_see(work.principal, taken, subject, work.purpose)
    except CollectionNotFound:
        return False
    return True


_LAB_NAMES = ("first_lab_name", "retest_lab_name")
_HIDDEN = ("deadline_kind", "deadline_on", "owed_by", "seal_a", "seal_b", "first_lab_id", "retest_lab_id", "destroy_from", *_LAB_NAMES)
_COMPUTED = ("destroy_from", "next_steps", *_LAB_NAMES)


async def shown(work: Work, *collections: Collection) -> list[dict[str, Any]]:
    """Collections as far as the caller may see them: without a right to results only whether the chain still runs."""
    names = await repository.lab_names(work.session, collections)
    return [_shown(work, taken, names) for taken in collections]


def _shown(work: Work, taken: Collection, names: dict[UUID, str]) -> dict[str, Any]:
    values = {name: getattr(taken, name) for name in CollectionAnswer.model_fields if name not in _COMPUTED}
    values["destroy_from"] = rules.destroy_from(taken.state, taken.sampled_on)
    for lab, name in zip((taken.first_lab_id, taken.retest_lab_id), _LAB_NAMES, strict=True):
        values[name] = names.get(lab) if lab else None
    view = policy.view_of(work.principal, taken, work.purpose)
    values["next_steps"] = next_steps_of(work, taken) if view != "none" else []
    if view != "chain":
        values |= {"disputed": [], "new_findings": []}
    if view == "none":
        state = "running" if taken.state in rules.OPEN else "closed"
        values |= {**dict.fromkeys(_HIDDEN), "before_term": False, "state": state}
    return values


async def seal(work: Work, taken: Collection, seals: Seals) -> None:
    """Note the seals of A and B; none of them closes another container (DTP art. 8). Raises SealUsed."""
    used = await repository.use_seals(work.session, taken.id, (("A", seals.a), ("B", seals.b)))
    if used is not None:
        raise SealUsed(seals.a if used == "A" else seals.b, f"/seals/{used.lower()}")
    taken.seal_a, taken.seal_b = seals.a, seals.b
    await work.session.flush()


def _kept(member: Member) -> dict[str, Any]:
    return {"staff_code": member.code, "name": member.name, "sex": member.sex, "organ": member.organ}


async def _collectors(work: Work, new: NewCollection, day: date) -> list[Member]:
    """Who collects, from the register of staff; what was typed beside the number must be the same. Raises Invalid, Unavailable."""
    members = await taking_part(work, [item.staff_code for item in new.collectors], day, "/collectors", field="/staff_code")
    errors: list[FieldError] = []
    for place, (said, member) in enumerate(zip(new.collectors, members, strict=True)):
        if member.sex is None:
            fault = ("sex_unknown", "人员名册中无此人性别,请先补登", "the register of staff does not say this person's sex")
            errors.append(FieldError(f"/collectors/{place}/staff_code", *fault))
        elif said.sex not in (None, member.sex):
            errors.append(FieldError(f"/collectors/{place}/sex", "not_as_registered", "与人员名册不符", "the register says otherwise"))
        if said.organ not in (None, member.organ):
            errors.append(FieldError(f"/collectors/{place}/organ", "not_as_registered", "与人员名册不符", "the register says otherwise"))
    if errors:
        raise Invalid(errors=errors)
    return members


async def _attend(work: Work, due: DueTest, new: NewCollection, day: date) -> None:
    """Close the due test; after a worker's positive strip the police may test once more on the same due test (DTP art. 4)."""
    former = await repository.latest_of_plan(work.session, due.id)
    if due.state == "attended" and former is not None and former.state == "referred_to_police" and new.mode == "onsite_test":
        await take_step(work, former, "police_test", day)
        return
    declared(DUE_TEST, due.state, "attend")
    if not due.window_from <= day <= due.window_to:
        raise invalid("/collected_at", "outside_window", "不在检测时段内,请先改期", "outside the window; reschedule first")
    was = due.state
    await take_plan_step(work, due, "attend")
    if was == "missed":  # entered late from a phone: readers of `test.missed` must learn that the test was not missed
        await work.publish(TestMissed(**due_test_fields(due), on=work.today, code="attended_in_time"), due.person_id, due.division_code)


def _check_specimen(work: Work, new: NewCollection, due: DueTest) -> None:
    if new.collected_at > work.now:
        raise invalid("/collected_at", "date_future", "时间不能晚于现在", "must not lie in the future")
    if new.specimen_type == "hair":
        if new.hair is None or new.seals is None:
            raise invalid(
                "/hair",
                "missing",
                "毛发检测须记录长度、重量及AB封存编号",
                "hair needs length, weight and the seals of A and B (HAIR art. 3, 4)",
            )
        if new.hair.weight_mg_each < rules.MIN_HAIR_MG:
            raise invalid(
                "/hair/weight_mg_each", "too_little", "A、B样本每份不少于50毫克", "A and B weigh at least 50 mg each (HAIR art. 4)"
            )
        if new.kit_lot_id is not None or new.mode == "screening":
            raise invalid("/specimen_type", "not_onsite", "毛发样本须送实验室检测", "hair is analysed in a laboratory")
    elif new.hair is not None:
        raise invalid("/hair", "not_hair", "非毛发检材", "this specimen is not hair")
    elif new.kit_lot_id is None and new.specimen_type != "blood":
        raise invalid("/kit_lot_id", "missing", "须填写试剂批次", "the kit lot is required")
    if new.specimen_type == "blood" and new.seals is None:
        raise invalid("/seals", "missing", "血液样本须AB封存", "blood is sealed as A and B (DTP art. 8)")
    if new.seals is not None and rules.seal_key(new.seals.a) == rules.seal_key(new.seals.b):
        raise invalid("/seals/b", "same_seal", "A、B封存编号不能相同", "A and B have different seals")
    if new.specimen_type != due.specimen_type and due.kind == "mandatory" and new.specimen_type == "hair":
        raise invalid(
            "/specimen_type",
            "specimen_mismatch",
            "计划未安排毛发检测",
            "the plan asks for no hair: only the police order it (domain 3.4 D)",
        )
