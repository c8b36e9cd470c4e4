"""Use cases of collections: take a specimen, object, send to a laboratory, close."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from kit.clock import last_day, local_day
from kit.pages import Cursors
from kit.problems import Forbidden, invalid
from kit.roles import Role
from kit.work import Work
from services.testing.collections import policy, repository, rules
from services.testing.collections.errors import CollectionNotFound, OtherLabRequired, SameSexRequired, StepNotAllowed
from services.testing.collections.schemas import Closing, CollectionAnswer, LabRequest, NewCollection, Objection
from services.testing.collections.service.steps import changeable, entry, in_order, owe, publish_result, take_step
from services.testing.collections.tables import ChainStep, Collection
from services.testing.events import ResultConfirmed, ResultReported, ResultWithdrawn, TestMissed
from services.testing.kits.service import usable_lot
from services.testing.labs import repository as labs
from services.testing.labs import rules as lab_rules
from services.testing.plans import repository as plans
from services.testing.plans.errors import NotFromHere, PlanNotFound
from services.testing.plans.repository.many import due_test_fields
from services.testing.plans.service import take_step as take_plan_step
from services.testing.plans.tables import DueTest
from services.testing.subjects.errors import SubjectNotFound
from services.testing.subjects.service import require_legal_basis, subject_to_see, subject_to_test

SHOWN = 200


async def collect(work: Work, new: NewCollection) -> Collection:
    """The person attended: a specimen was taken (DTP art. 8).

    Raises PlanNotFound, NotFromHere, NoLegalBasis, SameSexRequired, KitLotExpired, Forbidden, Invalid.
    """
    due = await plans.plan(work.session, new.plan_id, for_update=True)
    if due is None:
        raise PlanNotFound
    try:
        subject = await subject_to_test(work, due.person_id)
    except SubjectNotFound as error:
        raise PlanNotFound from error
    day = local_day(new.collected_at)
    _check_specimen(work, new, due)
    policy.may_collect(work.principal, new.mode, [collector.organ for collector in new.collectors])
    if not rules.enough_staff([collector.staff_code for collector in new.collectors]):
        raise invalid(
            "/collectors", "two_staff", "采样须有两名以上工作人员", "collecting needs at least two different members of staff (DTP art. 8)"
        )
    if not rules.same_sex(subject.sex, [collector.sex for collector in new.collectors]):
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
        division_code=due.division_code,
        kind=due.kind,
        mode=new.mode,
        specimen_type=new.specimen_type,
        sampled_on=day,
        collected_at=new.collected_at,
        place=new.place,
        collectors=[collector.model_dump() for collector in new.collectors],
        kit_lot_id=new.kit_lot_id,
        hair_cm=new.hair.length_cm if new.hair else None,
        hair_mg_each=new.hair.weight_mg_each if new.hair else None,
        window_start=window,
        before_term=rules.reaches_before_term(window, term_start),
        seal_a=new.seals.a if new.seals else None,
        seal_b=new.seals.b if new.seals else None,
        created_at=work.now,
        updated_at=work.now,
    )
    owe(work, taken, day)
    work.session.add(taken)
    work.session.add(entry(work, taken, "collect", "", "DTP art. 8", day))
    await work.session.flush()
    await work.note("test.collect", "person", taken.person_id, details={"collection": str(taken.id)})
    return taken


async def read_collection(work: Work, collection_id: UUID) -> Collection:
    """One collection. Raises CollectionNotFound."""
    found = await repository.collection(work.session, collection_id)
    if found is None:
        raise CollectionNotFound
    if not policy.may_open_as_lab(work.principal, found):
        try:
            await subject_to_see(work, found.person_id)
        except SubjectNotFound as error:
            raise CollectionNotFound from error
    await work.note("test.read", "person", found.person_id, details={"collection": str(found.id)})
    return found


async def chain_of(work: Work, collection_id: UUID) -> Sequence[ChainStep]:
    """The chain, for those who may see it: police, the laboratory that holds the specimen, the person. Raises CollectionNotFound, Forbidden."""
    found = await read_collection(work, collection_id)
    if policy.view_of(work.principal, found, work.purpose) != "chain":
        raise Forbidden("检测过程记录仅公安机关、检测机构和本人可见", "the chain is for the police, the laboratory and the person")
    return await repository.chain_of(work.session, found.id)


async def list_collections(
    work: Work, cursors: Cursors, division: str | None, state: str | None, *, overdue: bool, cursor: str | None, limit: int
) -> tuple[Sequence[Collection], str | None]:
    """Collections of the caller's towns by id. Raises Forbidden."""
    if division is not None and not work.principal.covers(division):
        raise Forbidden("不在您的辖区", "outside your towns")
    filters = {"division": division, "state": state, "overdue": overdue}
    after = cursors.read(cursor, work.principal.subject, filters, 1)
    found = await repository.collections_page(
        work.session,
        work.principal.scope,
        division,
        state,
        work.today if overdue else None,
        UUID(after[0]) if after else None,
        limit,
        at_lab=not work.principal.has(Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.SOCIAL_WORKER, Role.POLICE_OFFICER),
    )
    if state is not None and any(policy.view_of(work.principal, item, work.purpose) == "none" for item in found):
        raise Forbidden("须以检测用途(Purpose: testing)查询结果状态", "asking by state needs Purpose: testing")
    if found:
        await work.note("test.list", "person", *{item.person_id for item in found})
    following = cursors.make([str(found[-1].id)], work.principal.subject, filters) if len(found) == limit else None
    return found, following


async def collections_of(work: Work, person_id: UUID) -> Sequence[Collection]:
    """The collections of a person, the latest first. Raises SubjectNotFound."""
    await subject_to_see(work, person_id)
    await work.note("test.read_all", "person", person_id)
    return await repository.collections_of(work.session, person_id, SHOWN)


async def object_to(work: Work, collection_id: UUID, new: Objection, if_match: str | None) -> Collection:
    """The person objects to the on-site or the laboratory result (DTP art. 10, 13); late, but accepted, while the specimen exists.

    Raises CollectionNotFound, StaleVersion, StepNotAllowed, Invalid.
    """
    taken = await changeable(work, collection_id, if_match, own=True)
    if new.objected_on > work.today or (taken.told_at is not None and new.objected_on < local_day(taken.told_at)):
        raise invalid("/objected_on", "date_range", "日期须在告知之后、今天以前", "must lie between the day of being told and today")
    if taken.state == "final_positive" and taken.retest_lab_id is not None:
        raise StepNotAllowed(taken.state, "object")
    if taken.state not in ("onsite_final", "final_positive"):  # closing is no act that an objection of an earlier day must follow
        await in_order(work, taken, new.objected_on, "/objected_on")
    late = not rules.objection_running(
        taken.deadline_on if taken.deadline_kind == "objection" else None, new.objected_on
    ) or taken.state in (
        "onsite_final",
        "final_positive",
    )
    was = taken.state
    await take_step(work, taken, "object", new.objected_on, words=new.words, late=late)
    if was == "final_positive":
        await publish_result(work, taken, ResultWithdrawn, "disputed")
    return taken


async def request_lab(work: Work, collection_id: UUID, new: LabRequest, if_match: str | None) -> Collection:
    """The police decide on an objection, or send hair or blood: A to the first laboratory, B to another one (DTP art. 10-14).

    Raises CollectionNotFound, StaleVersion, StepNotAllowed, OtherLabRequired, Invalid.
    """
    taken = await changeable(work, collection_id, if_match)
    if new.decided_on > work.today:
        raise invalid("/decided_on", "date_future", "日期不能晚于今天", "must not lie in the future")
    await in_order(work, taken, new.decided_on, "/decided_on")
    late = taken.deadline_kind == "decision_and_dispatch" and taken.deadline_on is not None and new.decided_on > taken.deadline_on
    if new.decision == "refused":
        if not new.reason:
            raise invalid("/reason", "missing", "不予同意须说明理由", "a refusal needs its reasons")
        confirmed = taken.state == "retest_requested"
        await take_step(work, taken, "refuse_request", new.decided_on, reason=new.reason, document_no=new.document_no, late=late)
        await publish_result(work, taken, *((ResultConfirmed, "confirmed_positive") if confirmed else (ResultReported, "onsite_final")))
        return taken
    retest = taken.state == "retest_requested"
    if taken.state == "collected" and taken.specimen_type not in ("hair", "blood"):
        raise StepNotAllowed(taken.state, "send")
    sent_on = _check_dispatch(work, taken, new, retest=retest)
    lab = await labs.lab(work.session, new.lab_id) if new.lab_id else None
    if lab is None:
        raise invalid("/lab_id", "unknown", "没有这个检测机构", "no such laboratory")
    fit = (
        lab_rules.may_retest(lab.qualification, same_as_first=lab.id == taken.first_lab_id)
        if retest
        else lab_rules.may_test(lab.qualification)
    )
    if not fit or not lab_rules.designated_on(lab.valid_from, lab.valid_to, sent_on):
        raise OtherLabRequired
    if retest:
        taken.retest_lab_id = lab.id
    else:
        taken.first_lab_id = lab.id
    details = {"lab": str(lab.id), "container": new.container, "senders": new.senders}
    late = late or sent_on > last_day(new.decided_on, rules.DISPATCH_DAYS, work.house.works)
    await take_step(work, taken, "send", sent_on, reason=new.reason or "", document_no=new.document_no, details=details, late=late)
    return taken


async def close(work: Work, collection_id: UUID, new: Closing, if_match: str | None) -> Collection:
    """A person closes a stage: nobody objected in time, or the person admitted. Raises CollectionNotFound, StaleVersion, StepNotAllowed, Invalid."""
    taken = await changeable(work, collection_id, if_match)
    if new.ground == "no_objection" and (taken.told_at is None or rules.objection_running(taken.deadline_on, work.today)):
        raise invalid("/ground", "objection_running", "异议期限未满", "the time to object has not passed")
    if taken.state == "lab_reported" and taken.told_at is None:
        raise invalid(
            "/ground", "not_told", "检测结果尚未告知本人", "the person has not been told the laboratory's result yet (DTP art. 12)"
        )
    if new.ground == "admitted" and not new.words:
        raise invalid("/words", "missing", "须记录本人陈述", "an admission needs the person's statement")
    confirmed = taken.state == "lab_reported"
    await take_step(work, taken, "close", work.today, reason=new.ground, words=new.words or "", document_no=new.document_no)
    await publish_result(work, taken, *((ResultConfirmed, "confirmed_positive") if confirmed else (ResultReported, "onsite_final")))
    return taken


_HIDDEN = ("deadline_kind", "deadline_on", "owed_by", "seal_a", "seal_b", "first_lab_id", "retest_lab_id", "destroy_from")


def shown(work: Work, taken: Collection) -> dict[str, Any]:
    """A collection as far as the caller may see it: without a right to results only whether the chain still runs."""
    values = {name: getattr(taken, name) for name in CollectionAnswer.model_fields if name != "destroy_from"}
    values["destroy_from"] = rules.destroy_from(taken.state, taken.sampled_on)
    if policy.view_of(work.principal, taken, work.purpose) == "none":
        state = "running" if taken.state in rules.OPEN else "closed"
        values |= {**dict.fromkeys(_HIDDEN), "before_term": False, "state": state}
    return values


async def _attend(work: Work, due: DueTest, new: NewCollection, day: date) -> None:
    """Close the due test; after a worker's positive strip the police may test once more on the same due test (DTP art. 4)."""
    former = await repository.latest_of_plan(work.session, due.id)
    if due.state == "attended" and former is not None and former.state == "referred_to_police" and new.mode == "onsite_test":
        await take_step(work, former, "police_test", day)
        return
    if due.state not in ("scheduled", "missed"):
        raise NotFromHere(due.state, "attend")
    if not due.window_from <= day <= due.window_to:
        raise invalid("/collected_at", "outside_window", "不在检测时段内,请先改期", "outside the window; reschedule first")
    was = due.state
    await take_plan_step(work, due, "attend")
    if was == "missed":  # entered late from a phone: whoever was told of a missed test must hear that it was none
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
        raise invalid("/hair", "not_hair", "非毛发检材", "this specimen is no hair")
    elif new.kit_lot_id is None and new.specimen_type != "blood":
        raise invalid("/kit_lot_id", "missing", "须填写试剂批次", "the kit lot is required")
    if new.specimen_type == "blood" and new.seals is None:
        raise invalid("/seals", "missing", "血液样本须AB封存", "blood is sealed as A and B (DTP art. 8)")
    if new.seals is not None and new.seals.a == new.seals.b:
        raise invalid("/seals/b", "same_seal", "A、B封存编号不能相同", "A and B have different seals")
    if new.specimen_type != due.specimen_type and due.kind == "mandatory" and new.specimen_type == "hair":
        raise invalid(
            "/specimen_type",
            "specimen_mismatch",
            "计划未安排毛发检测",
            "the plan asks for no hair: only the police order it (domain 3.4 D)",
        )


def _check_dispatch(work: Work, taken: Collection, new: LabRequest, *, retest: bool) -> date:
    wanted = "B" if retest else "A"
    if new.container != wanted:
        raise invalid("/container", "wrong_container", f"本环节应送{wanted}样本", f"this stage takes container {wanted} (DTP art. 11, 14)")
    if (taken.seal_b if retest else taken.seal_a) is None:
        raise invalid("/container", "not_sealed", "该样本未封存", "this container was never sealed")
    if not rules.enough_staff(new.senders):
        raise invalid(
            "/senders", "two_staff", "送检须有两名以上工作人员", "sending needs at least two different members of staff (DTP art. 8)"
        )
    if new.sent_on is None or not new.decided_on <= new.sent_on <= work.today:
        raise invalid("/sent_on", "date_range", "送检日期须在决定之后、今天以前", "must lie between the decision and today")
    return new.sent_on
