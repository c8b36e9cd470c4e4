"""Use cases of results: what a kit or a laboratory read, what a doctor says of it, and withdrawing it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from kit.clock import local_day
from kit.etags import check_version
from kit.problems import invalid
from kit.roles import Role
from kit.steps.taking import StepNotAllowed, declared, refuse
from kit.work import Work
from services.testing.collections import policy
from services.testing.collections import repository as collections
from services.testing.collections import rules as chain
from services.testing.collections.errors import CollectionNotFound, OtherLabRequired
from services.testing.collections.service import collections_of, read_collection, seal
from services.testing.collections.service.steps import blocked, changeable, in_order, owe, publish_result, take_step
from services.testing.collections.tables import Collection
from services.testing.events import ResultConfirmed, ResultReported, ResultWithdrawn, ScreeningPositive
from services.testing.kits.rules import panel_gaps, reading, substance_of
from services.testing.kits.service import usable_lot
from services.testing.kits.tables import KitLot
from services.testing.labs import repository as labs
from services.testing.labs import rules as lab_rules
from services.testing.plans import repository as plans
from services.testing.plans.service import take_step as take_plan_step
from services.testing.results import repository, rules
from services.testing.results.schemas import LabResult, MedicalReview, OnsiteResult, Telling, Withdrawal
from services.testing.results.tables import AnalyteResult
from services.testing.staff.service import check_head, named, taking_part


async def report_onsite(work: Work, collection_id: UUID, new: OnsiteResult, if_match: str | None) -> Collection:
    """What the kit showed (DTP art. 9). Raises CollectionNotFound, StaleVersion, StepNotAllowed, Forbidden, KitLotExpired, Invalid."""
    testers = await taking_part(work, new.testers, local_day(new.tested_at), "/testers")
    taken = await changeable(work, collection_id, if_match)
    declared(chain.CHAIN, taken.state, "onsite_negative", kind=chain.kind_of(taken.mode, taken.specimen_type))
    policy.may_report_onsite(work.principal, taken.mode)
    if taken.mode == "onsite_test" and not any(member.organ == "police" for member in testers):
        raise invalid("/testers", "police_required", "现场检测须由公安机关进行", "an on-site test is the police's (DTP art. 4)")
    lot = await _lot_of(work, taken, new)
    _check_times(work, taken, new)
    missing, unknown = panel_gaps([strip["analyte"] for strip in lot.panel], new.results)
    if missing or unknown:
        raise invalid(
            "/results",
            "panel_mismatch",
            "结果须与试剂检测项目一一对应",
            f"one result per strip; missing {missing}, not in the kit {unknown}",
        )
    found = reading(new.results.values())
    if found == "positive" and taken.mode == "onsite_test":
        _check_positive(taken, new)
    stage = "onsite_repeat" if taken.state == "repeat_onsite" else "onsite"
    cutoffs = {strip["analyte"]: Decimal(str(strip["cutoff_ng_ml"])) for strip in lot.panel}
    for analyte, code in new.results.items():
        work.session.add(
            _row(work, taken, stage, analyte, code, local_day(new.tested_at), unit="ng/mL", cutoff=cutoffs[analyte], kit_lot_id=lot.id)
        )
    taken.kit_lot_id, taken.told_at = lot.id, new.told_at
    if new.seals is not None:
        await seal(work, taken, new.seals)
    event = {"negative": "onsite_negative", "invalid": "onsite_invalid"}.get(
        found, "onsite_positive" if taken.mode == "onsite_test" else "strip_positive"
    )
    details = {"testers": named(testers), "signed": new.signed_by_subject, "right_to_object_told": new.right_to_object_told}
    await take_step(work, taken, event, local_day(new.told_at), reason=new.signature_note or "", details=details)
    await _publish_onsite_result(work, taken)
    return taken


async def report_lab(work: Work, collection_id: UUID, new: LabResult, if_match: str | None) -> Collection:
    """A laboratory's report (DTP art. 12, 15). Raises CollectionNotFound, StaleVersion, StepNotAllowed, OtherLabRequired, Invalid."""
    seen = await collections.collection(work.session, collection_id)
    policy.may_report_as_lab(work.principal, seen)
    if not new.specimen_fit and new.approved_by and seen is not None:  # before the row is held: the registry may be slow, or down
        took_part = {work.principal.staff_id, *(ref["staff_code"] for ref in seen.collectors)}
        await check_head(work, new.approved_by, new.reported_on, "/approved_by", took_part)
    taken = await _at_lab(work, collection_id, if_match)
    retest = taken.state == "at_retest_lab"
    if new.lab_id != (taken.retest_lab_id if retest else taken.first_lab_id):
        raise OtherLabRequired
    await _check_lab(work, taken, new, retest=retest)
    if new.reported_on > work.today or new.reported_on < taken.sampled_on:
        raise invalid("/reported_on", "date_range", "日期须在采样之后、今天以前", "must lie between the collection and today")
    await in_order(work, taken, new.reported_on, "/reported_on")
    if new.told_at is not None and not new.reported_on <= local_day(new.told_at) <= work.today:
        raise invalid("/told_at", "date_range", "告知时间须在报告之后、现在以前", "must lie between the report and now")
    late = taken.deadline_on is not None and new.reported_on > taken.deadline_on
    details = {"lab": str(new.lab_id)}
    if not new.specimen_fit:
        if not new.unfit_reason or not new.approved_by:
            raise invalid(
                "/approved_by",
                "missing",
                "重新采样须经公安机关负责人批准并说明理由",
                "a new collection needs a reason and the head's approval (DTP art. 16)",
            )
        details["approved_by"] = new.approved_by
        await take_step(work, taken, "find_unfit", new.reported_on, reason=new.unfit_reason, document_no=new.report_no, details=details)
        await _collect_anew(work, taken, "specimen_unfit")
        return taken
    codes = await _judge(work, taken, new, "retest" if retest else "lab")
    before = await collections.positives_of(work.session, taken.id, chain.STAGES_BEFORE[taken.state])
    judged = chain.judge(before, set(taken.disputed), codes)
    if judged.missing:
        message = f"the report does not answer what is in dispute: {', '.join(sorted(judged.missing))} (DTP art. 12, 15)"
        raise invalid("/results", "disputed_missing", "检测报告须包含有异议的检测项目", message)
    positive = bool(judged.confirmed)
    taken.new_findings = sorted(analyte for analyte, code in codes.items() if code == "positive" and substance_of(analyte) in judged.new)
    details |= {"confirmed": sorted(judged.confirmed), "refuted": sorted(judged.refuted), "new_findings": taken.new_findings}
    disputed = taken.specimen_type not in ("hair", "blood") or retest
    taken.told_at = new.told_at
    await take_step(
        work,
        taken,
        "lab_positive" if positive else "lab_negative",
        local_day(new.told_at) if new.told_at else new.reported_on,
        document_no=new.report_no,
        details=details,
        late=late,
    )
    if taken.state == "lab_reported" and new.told_at is None:
        owe(work, taken, new.reported_on, chain.TELL_RESULT)  # until the person is told, the time to object does not run
    if positive:
        await publish_result(
            work, taken, *((ResultConfirmed, "confirmed_positive") if retest else (ResultReported, "presumptive_positive"))
        )
    else:
        if disputed:
            await publish_result(work, taken, ResultWithdrawn, "retest_negative" if retest else "lab_negative")
        await publish_result(work, taken, ResultReported, "negative")
    return taken


async def tell(work: Work, collection_id: UUID, new: Telling, if_match: str | None) -> Collection:
    """The police told the person a positive result; the time to object runs from that day (DTP art. 9, 12, 13).

    For a laboratory's report, and for a positive from a ledger that does not say whether the person was told.
    Raises CollectionNotFound, StaleVersion, Invalid, and StepNotAllowed when told before.
    """
    taken = await changeable(work, collection_id, if_match)
    refuse(blocked(taken).get("tell", ()))
    if new.told_at > work.now:
        raise invalid("/told_at", "date_future", "时间不能晚于现在", "must not lie in the future")
    day = local_day(new.told_at)
    await in_order(work, taken, day, "/told_at")
    late = taken.deadline_on is not None and day > taken.deadline_on
    await take_step(work, taken, "tell", day, details={"right_to_object_told": True}, late=late)
    taken.told_at = new.told_at
    await work.session.flush()
    return taken


async def review(work: Work, collection_id: UUID, new: MedicalReview, if_match: str | None) -> Collection:
    """A doctor explains a positive by treatment: the positive does not count (domain 3.5).

    Raises CollectionNotFound, StaleVersion, StepNotAllowed, Invalid.
    """
    taken = await changeable(work, collection_id, if_match)
    if new.reviewed_on > work.today:
        raise invalid("/reviewed_on", "date_future", "日期不能晚于今天", "must not lie in the future")
    await in_order(work, taken, new.reviewed_on, "/reviewed_on")
    details = {"doctor": new.doctor, "institution": new.institution}
    await take_step(work, taken, "explain", new.reviewed_on, reason=new.note, document_no=new.document_no, details=details)
    await publish_result(work, taken, ResultWithdrawn, "explained_medical")
    return taken


async def withdraw(work: Work, collection_id: UUID, new: Withdrawal, if_match: str | None) -> Collection:
    """Withdraw a result; the chain keeps what it was. Raises CollectionNotFound, StaleVersion, StepNotAllowed."""
    taken = await changeable(work, collection_id, if_match)
    await take_step(work, taken, "withdraw", work.today, reason=new.reason, document_no=new.document_no)
    await publish_result(work, taken, ResultWithdrawn, "withdrawn")
    return taken


async def result_of(work: Work, collection_id: UUID) -> tuple[Collection, list[AnalyteResult] | None]:
    """A test with its analytes as far as the caller may see them. Raises CollectionNotFound."""
    taken = await read_collection(work, collection_id)
    if policy.view_of(work.principal, taken, work.purpose) != "chain":
        return taken, None
    return taken, (await repository.analytes_of(work.session, [taken.id])).get(taken.id, [])


async def results_of(work: Work, person_id: UUID) -> list[tuple[Collection, list[AnalyteResult] | None]]:
    """Every test of a person with its analytes as far as the caller may see them. Raises SubjectNotFound."""
    found: Sequence[Collection] = await collections_of(work, person_id)
    seen = [taken.id for taken in found if policy.view_of(work.principal, taken, work.purpose) == "chain"]
    analytes = await repository.analytes_of(work.session, seen) if seen else {}
    return [(taken, analytes.get(taken.id, []) if taken.id in seen else None) for taken in found]


def _row(
    work: Work,
    taken: Collection,
    stage: str,
    analyte: str,
    code: str,
    day: date,
    *,
    value: Decimal | None = None,
    unit: str | None = None,
    cutoff: Decimal | None = None,
    kit_lot_id: UUID | None = None,
    lab_id: UUID | None = None,
) -> AnalyteResult:
    return AnalyteResult(
        collection_id=taken.id,
        stage=stage,
        analyte=analyte,
        code=code,
        value=value,
        unit=unit,
        cutoff=cutoff,
        kit_lot_id=kit_lot_id,
        lab_id=lab_id,
        reported_on=day,
        recorded_at=work.now,
    )


async def _lot_of(work: Work, taken: Collection, new: OnsiteResult) -> KitLot:
    day = local_day(new.tested_at)
    if taken.state == "repeat_onsite":
        if new.kit_lot_id is None or new.kit_lot_id == taken.kit_lot_id:
            raise invalid("/kit_lot_id", "other_lot", "复测须使用另一批次试剂", "the second kit is of another lot (domain 3.1)")
        return await usable_lot(work, new.kit_lot_id, taken.specimen_type, day)
    lot_id = new.kit_lot_id or taken.kit_lot_id
    if lot_id is None or (taken.kit_lot_id is not None and lot_id != taken.kit_lot_id):
        raise invalid("/kit_lot_id", "lot_mismatch", "试剂批次与采样记录不符", "not the lot of the collection")
    return await usable_lot(work, lot_id, taken.specimen_type, day)


def _check_times(work: Work, taken: Collection, new: OnsiteResult) -> None:
    if new.tested_at > work.now or (taken.collected_at is not None and new.tested_at < taken.collected_at):
        raise invalid("/tested_at", "date_range", "时间须在采样之后、现在以前", "must lie between the collection and now")
    if new.told_at < new.tested_at or new.told_at > work.now:
        raise invalid("/told_at", "date_range", "告知时间须在检测之后、现在以前", "must lie between the test and now")


def _check_positive(taken: Collection, new: OnsiteResult) -> None:
    if new.seals is None and taken.seal_a is None:
        raise invalid("/seals", "missing", "阳性样本须分A、B两份封存", "a positive specimen is split and sealed as A and B (DTP art. 8)")
    if new.seals is not None and taken.seal_a is not None:
        raise invalid("/seals", "sealed_already", "采样时已封存,不得更换编号", "sealed at the collection; the numbers stay")
    if new.seals is not None and chain.seal_key(new.seals.a) == chain.seal_key(new.seals.b):
        raise invalid("/seals/b", "same_seal", "A、B封存编号不能相同", "A and B have different seals")
    if not new.right_to_object_told:
        raise invalid("/right_to_object_told", "must_be_told", "须告知异议权", "the right to object must be told (DTP art. 9)")
    if not new.signed_by_subject and not new.signature_note:
        raise invalid("/signature_note", "missing", "本人未签名须注明", "a missing signature is noted (DTP art. 9)")


async def _publish_onsite_result(work: Work, taken: Collection) -> None:
    if taken.state == "final_negative":
        await publish_result(work, taken, ResultReported, "negative")
    elif taken.state == "presumptive_positive":
        await publish_result(work, taken, ResultReported, "presumptive_positive")
    elif taken.state == "referred_to_police":
        event = ScreeningPositive(
            division_code=taken.division_code, measure_id=taken.measure_id, reference_id=taken.id, on=work.today, code="worker_strip"
        )
        await work.publish(event, taken.person_id, taken.division_code)
    elif taken.state == "new_collection":
        await _collect_anew(work, taken, "")


async def _collect_anew(work: Work, taken: Collection, withdrawn: str) -> None:
    """The due test is open for rescheduling again: the person did what was owed."""
    due = await plans.plan(work.session, taken.plan_id, for_update=True) if taken.plan_id else None
    if due is not None and due.state == "attended":
        await take_plan_step(work, due, "find_unable", "specimen")
    if withdrawn:
        await publish_result(work, taken, ResultWithdrawn, withdrawn)


async def _at_lab(work: Work, collection_id: UUID, if_match: str | None) -> Collection:
    if work.principal.has(Role.POLICE_OFFICER):
        taken = await changeable(work, collection_id, if_match)
    else:
        taken = await collections.collection(work.session, collection_id, for_update=True)
        policy.may_report_as_lab(work.principal, taken)
        if taken is None:
            raise CollectionNotFound
        check_version(if_match, taken.version)
    if taken.state not in chain.AT_A_LAB:
        raise StepNotAllowed("样本不在检测机构", "the specimen does not lie at a laboratory")
    return taken


async def _check_lab(work: Work, taken: Collection, new: LabResult, *, retest: bool) -> None:
    """The laboratory is fit for this stage on the day of its report too, not only on the day of the sending. Raises OtherLabRequired."""
    lab = await labs.lab(work.session, new.lab_id)
    first = await labs.lab(work.session, taken.first_lab_id) if retest and taken.first_lab_id else None
    if lab is None or not lab_rules.designated_on(lab.valid_from, lab.valid_to, new.reported_on):
        raise OtherLabRequired
    same = first is not None and lab_rules.same_institution(first, lab)
    if not (lab_rules.may_retest(lab.qualification, same_as_first=same) if retest else lab_rules.may_test(lab.qualification)):
        raise OtherLabRequired


async def _judge(work: Work, taken: Collection, new: LabResult, stage: str) -> dict[str, str]:
    if not new.results:
        raise invalid("/results", "missing", "须填写检测结果", "results are required")
    cutoffs = (
        {row.analyte: row.ng_per_mg for row in await labs.hair_cutoffs_on(work.session, taken.sampled_on)}
        if taken.specimen_type == "hair"
        else {}
    )
    codes: dict[str, str] = {}
    for place, item in enumerate(new.results):
        code: str | None = item.code
        cutoff = item.cutoff
        if taken.specimen_type == "hair":
            if item.value is None or item.unit != "ng/mg":
                raise invalid(
                    f"/results/{place}/value", "missing", "毛发检测须填写数值(ng/mg)", "hair needs a value in ng/mg (HAIR art. 9)"
                )
            cutoff = cutoffs.get(item.analyte)
            code = rules.read_hair({item.analyte: item.value}, cutoffs).get(item.analyte, "negative")
        if code is None:
            raise invalid(f"/results/{place}/code", "missing", "须填写结果", "a code is required")
        if rules.contradicts(item.code or code, item.value, cutoff):
            raise invalid(
                f"/results/{place}/code", "code_contradicts", "结果与其数值和阈值矛盾", "the code contradicts the value and its cut-off"
            )
        if item.analyte in codes:
            raise invalid(f"/results/{place}/analyte", "analyte_twice", "同一检测项目重复", "an analyte stands twice")
        codes[item.analyte] = code
        work.session.add(
            _row(
                work, taken, stage, item.analyte, code, new.reported_on, value=item.value, unit=item.unit, cutoff=cutoff, lab_id=new.lab_id
            )
        )
    return codes
