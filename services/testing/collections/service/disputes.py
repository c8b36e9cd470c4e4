"""Use cases of what follows a result: objecting, sending to a laboratory, fetching back, closing, and showing the basis of a ledger's test."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from kit.clock import last_day, local_day
from kit.problems import invalid
from kit.steps.taking import declared, refuse
from kit.work import Work
from services.testing.collections import policy, repository, rules
from services.testing.collections.errors import OtherLabRequired
from services.testing.collections.schemas import Basis, Closing, FetchBack, LabRequest, Objection
from services.testing.collections.service.steps import blocked, changeable, in_order, publish_result, take_step
from services.testing.collections.tables import Collection
from services.testing.events import ResultConfirmed, ResultReported, ResultWithdrawn
from services.testing.kits.rules import substance_of
from services.testing.labs import repository as labs
from services.testing.labs import rules as lab_rules
from services.testing.staff.rules import Member
from services.testing.staff.service import named, taking_part


async def object_to(work: Work, collection_id: UUID, new: Objection, if_match: str | None) -> Collection:
    """The person objects to the on-site or the laboratory result (DTP art. 10, 13); late, but accepted, while the specimen exists.

    Raises CollectionNotFound, StaleVersion, StepNotAllowed, Invalid.
    """
    taken = await changeable(work, collection_id, if_match, own=True)
    if new.objected_on > work.today or (taken.told_at is not None and new.objected_on < local_day(taken.told_at)):
        raise invalid("/objected_on", "date_range", "日期须在告知之后、今天以前", "must lie between the day of being told and today")
    refuse(blocked(taken).get("object", ()))  # DTP art. 15
    if taken.state not in ("onsite_final", "final_positive"):  # an objection of an earlier day may still be entered after the closing
        await in_order(work, taken, new.objected_on, "/objected_on")
    late = not rules.objection_running(
        taken.deadline_on if taken.deadline_kind == "objection" else None, new.objected_on
    ) or taken.state in (
        "onsite_final",
        "final_positive",
    )
    was = taken.state
    if new.analytes:
        before = await repository.positives_of(work.session, taken.id, rules.STAGES_BEFORE[was])
        strange = sorted({substance_of(analyte) for analyte in new.analytes} - {substance_of(analyte) for analyte in before})
        if before and strange:
            message = f"only what was found positive can be disputed, not {', '.join(strange)}"
            raise invalid("/analytes", "not_positive", "只能对阳性项目提出异议", message)
    taken.disputed = sorted(set(new.analytes))
    await take_step(work, taken, "object", new.objected_on, words=new.words, late=late, details={"disputed": taken.disputed})
    if was == "final_positive":
        await publish_result(work, taken, ResultWithdrawn, "disputed")
    return taken


async def request_lab(work: Work, collection_id: UUID, new: LabRequest, if_match: str | None) -> Collection:
    """The police decide on an objection, or send hair or blood: A to the first laboratory, B to another one (DTP art. 10-14).

    Raises CollectionNotFound, StaleVersion, StepNotAllowed, OtherLabRequired, Invalid.
    """
    senders: list[Member] = []
    if new.decision == "granted":
        senders = await taking_part(work, new.senders, new.sent_on or new.decided_on, "/senders")
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
    declared(rules.CHAIN, taken.state, "send", kind=rules.kind_of(taken.mode, taken.specimen_type))
    sent_on = _check_dispatch(work, taken, new, retest=retest)
    lab = await labs.lab(work.session, new.lab_id) if new.lab_id else None
    if lab is None:
        raise invalid("/lab_id", "unknown", "没有这个检测机构", "no such laboratory")
    first = await labs.lab(work.session, taken.first_lab_id) if retest and taken.first_lab_id else None
    same = first is not None and lab_rules.same_institution(first, lab)
    fit = lab_rules.may_retest(lab.qualification, same_as_first=same) if retest else lab_rules.may_test(lab.qualification)
    if not fit or not lab_rules.designated_on(lab.valid_from, lab.valid_to, sent_on):
        raise OtherLabRequired
    if retest:
        taken.retest_lab_id = lab.id
    else:
        taken.first_lab_id = lab.id
    details = {"lab": str(lab.id), "container": new.container, "senders": named(senders)}
    late = late or sent_on > last_day(new.decided_on, rules.DISPATCH_DAYS, work.house.works)
    await take_step(work, taken, "send", sent_on, reason=new.reason or "", document_no=new.document_no, details=details, late=late)
    return taken


async def fetch_back(work: Work, collection_id: UUID, new: FetchBack, if_match: str | None) -> Collection:
    """The police fetch a specimen back from a laboratory that may not test it any more, to send it to another (DTP art. 4).

    Raises CollectionNotFound, StaleVersion, StepNotAllowed, Invalid.
    """
    taken = await changeable(work, collection_id, if_match)
    if new.fetched_on > work.today:
        raise invalid("/fetched_on", "date_future", "日期不能晚于今天", "must not lie in the future")
    await in_order(work, taken, new.fetched_on, "/fetched_on")
    await take_step(work, taken, "fetch_back", new.fetched_on, reason=new.reason, document_no=new.document_no)
    return taken


async def show_basis(work: Work, collection_id: UUID, new: Basis, if_match: str | None) -> Collection:
    """Somebody shows on what ground a ledger's test was made (DTP art. 2). Its state stays what it is.

    Raises CollectionNotFound, StaleVersion, StepNotAllowed, Forbidden, Invalid.
    """
    taken = await changeable(work, collection_id, if_match)
    policy.may_show_basis(work.principal, new.kind)
    refuse(blocked(taken).get("show_basis", ()))
    if new.dated_on > taken.sampled_on:
        raise invalid("/dated_on", "after_sampling", "依据的日期须不晚于采样日期", "a basis is not later than the test that it founds")
    owed = (taken.deadline_kind, taken.owed_by, taken.deadline_on)
    taken.kind = new.kind
    details = {"kind": new.kind}
    await take_step(work, taken, "show_basis", work.today, reason=new.grounds, document_no=new.document_no, details=details)
    taken.deadline_kind, taken.owed_by, taken.deadline_on = (None, None, None) if owed[0] == "basis" else owed
    await work.session.flush()
    return taken


async def close(work: Work, collection_id: UUID, new: Closing, if_match: str | None) -> Collection:
    """A person closes a stage: nobody objected in time, or the person admitted. Raises CollectionNotFound, StaleVersion, StepNotAllowed, Invalid."""
    taken = await changeable(work, collection_id, if_match)
    declared(rules.CHAIN, taken.state, "close")
    for reason in blocked(taken).get("close", ()):  # DTP art. 9, 12
        raise invalid("/ground", reason.code, reason.zh, reason.en)
    if new.ground == "no_objection" and rules.objection_running(taken.deadline_on, work.today):
        raise invalid("/ground", "objection_running", "异议期限未满", "the time to object has not passed")
    if new.ground == "admitted" and not new.words:
        raise invalid("/words", "missing", "须记录本人陈述", "an admission needs the person's statement")
    confirmed = taken.state == "lab_reported"
    await take_step(work, taken, "close", work.today, reason=new.ground, words=new.words or "", document_no=new.document_no)
    await publish_result(work, taken, *((ResultConfirmed, "confirmed_positive") if confirmed else (ResultReported, "onsite_final")))
    return taken


def _check_dispatch(work: Work, taken: Collection, new: LabRequest, *, retest: bool) -> date:
    wanted = "B" if retest else "A"
    if new.container != wanted:
        raise invalid("/container", "wrong_container", f"本环节应送{wanted}样本", f"this stage takes container {wanted} (DTP art. 11, 14)")
    if (taken.seal_b if retest else taken.seal_a) is None:
        raise invalid("/container", "not_sealed", "该样本未封存", "this container was never sealed")
    if new.sent_on is None or not new.decided_on <= new.sent_on <= work.today:
        raise invalid("/sent_on", "date_range", "送检日期须在决定之后、今天以前", "must lie between the decision and today")
    return new.sent_on
