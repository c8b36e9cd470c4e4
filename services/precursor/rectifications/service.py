"""Use cases of findings and rectifications. A fine is never computed here: the competent organ decides it elsewhere (domain 7.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from kit.clock import last_day
from kit.etags import check_version
from kit.lists import Asked, Found, find_rows
from kit.problems import invalid
from kit.roles import Role
from kit.steps.machine import START
from kit.steps.taking import NOT_YOURS, declared, next_steps, take
from kit.work import Work
from services.precursor.catalogue.service import called
from services.precursor.events import RectificationClosed, RectificationOverdue
from services.precursor.firms import service as firms
from services.precursor.inspectors import service as inspectors
from services.precursor.inspectors.tables import Inspector
from services.precursor.rectifications import policy, repository, rules
from services.precursor.rectifications.errors import NotInThatState
from services.precursor.rectifications.schemas import FirmsAnswer, Recheck, RectificationAnswer
from services.precursor.rectifications.tables import Finding, Rectification, RectificationStep


@dataclass(frozen=True, slots=True)
class FoundItem:
    """One item of an inspection that is a finding."""

    item_no: str
    basis: str
    outcome: str
    detail: str
    competent: tuple[str, ...] = ()
    """Authorities that may take it over."""
    deadline: date | None = None
    passed_to: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """The inspection that found it."""

    inspection_id: UUID
    firm_id: UUID
    division_code: str
    authority: str
    on_day: date


async def record_findings(work: Work, source: Source, found: Sequence[FoundItem]) -> Sequence[Finding]:
    """Write what an inspection found, and open an order for each finding that needs one. Raises Invalid about a deadline."""
    stated = {item.item_no: item.deadline for item in found if item.deadline is not None}
    findings: list[Finding] = []
    orders: list[Rectification] = []
    for item in found:
        disposition = rules.disposition_of(item.outcome)
        assert disposition is not None
        finding = Finding(
            inspection_id=source.inspection_id,
            firm_id=source.firm_id,
            division_code=source.division_code,
            authority=source.authority,
            item_no=item.item_no,
            basis=item.basis,
            outcome=item.outcome,
            disposition=disposition,
            detail=item.detail,
            passed_to=item.passed_to,
            found_on=source.on_day,
            recorded_by=work.principal.subject,
            recorded_at=work.now,
        )
        findings.append(finding)
        if disposition == "ordered":
            orders.append(_order(work, source, item, finding))
    await repository.add_all(work.session, *findings)
    await repository.add_all(work.session, *orders)
    await repository.add_all(
        work.session, *(_step(work, order, "ordered", source.on_day, _days(order.deadline, stated[order.item_no])) for order in orders)
    )
    return findings


def _order(work: Work, source: Source, item: FoundItem, finding: Finding) -> Rectification:
    if item.deadline is None:
        raise invalid(f"/deadlines/{item.item_no}", "missing", "责令改正须写明期限", "an order to correct needs a deadline")
    _check_deadline(item.deadline, source.on_day, f"/deadlines/{item.item_no}")
    last = _last_day(work, source.on_day, item.deadline)
    return Rectification(
        finding_id=finding.id,
        inspection_id=source.inspection_id,
        firm_id=source.firm_id,
        division_code=source.division_code,
        authority=source.authority,
        item_no=item.item_no,
        basis=item.basis,
        requirement=item.detail,
        competent=list(item.competent),
        ordered_on=source.on_day,
        first_deadline=last,
        deadline=last,
        created_at=work.now,
        updated_at=work.now,
    )


async def list_rectifications(work: Work, asked: Asked, filters: dict[str, Any], overdue: bool) -> Found:
    """A page of orders in the caller's towns."""
    scope = work.scope.within(filters["division_code"])
    wanted = repository.Wanted(scope, overdue_on=work.today if overdue else None, **filters)
    bound = {**filters, "overdue": overdue or None}
    query = repository.narrowed(wanted)
    own = await inspectors.entry_of(work)
    return await find_rows(work, repository.RECTIFICATIONS, asked, query, bound, shape=lambda row: _answer(work, row[0], row[1], own))


async def answer_of(work: Work, order: Rectification) -> RectificationAnswer:
    """An order with the name of its firm, and what comes next for this caller."""
    names = await firms.names_of(work, {order.firm_id})
    return _answer(work, order, names.get(order.firm_id, ""), await inspectors.entry_of(work))


def _answer(work: Work, order: Rectification, firm_name: str, own: Inspector | None) -> RectificationAnswer:
    others = [NOT_YOURS] if own is None else [] if own.authority == order.authority else [policy.OTHER_AUTHORITY]
    rechecked = others if work.principal.has(Role.INSPECTOR) else []
    blocked = {step.event: rechecked for step in rules.MACHINE.steps if step.event in ("close", "order_again", "pass_on")}
    values: dict[str, Any] = {name: getattr(order, name) for name in RectificationAnswer.model_fields if hasattr(order, name)}
    more = {
        "firm_name": firm_name,
        "overdue": rules.is_overdue(order.state, order.deadline, work.today),
        "next_steps": next_steps(rules.MACHINE, order.state, work.principal, blocked),
    }
    return RectificationAnswer.model_validate({**values, **more})


async def read_rectification(work: Work, rectification_id: UUID) -> Rectification:
    """One order. Raises RectificationNotFound, Forbidden."""
    return policy.may_see(work.principal, await repository.rectification(work.session, rectification_id))


async def steps_of(work: Work, rectification_id: UUID) -> Sequence[RectificationStep]:
    """What happened to an order, oldest first. Raises RectificationNotFound, Forbidden."""
    await read_rectification(work, rectification_id)
    return await repository.steps_of(work.session, rectification_id)


async def record_answer(work: Work, rectification_id: UUID, answer: FirmsAnswer, if_match: str | None) -> Rectification:
    """Record what the firm answered. Raises RectificationNotFound, Forbidden, StaleVersion, NotInThatState, Invalid."""
    order = await _changeable(work, rectification_id, if_match)
    _check_day(work, answer.answered_on, order.ordered_on, "/answered_on")
    details = {"statement": answer.statement, "evidence": answer.evidence}
    await _move(work, order, "answer", answer.answered_on, details, {})
    return order


async def record_recheck(work: Work, rectification_id: UUID, recheck: Recheck, if_match: str | None) -> Rectification:
    """Record a re-check: corrected, ordered again, or passed on. Raises as record_answer, and Invalid about the officers."""
    order = await _changeable(work, rectification_id, if_match)
    caller = await inspectors.own_entry(work)
    policy.may_recheck(caller.authority, order)
    await inspectors.check_officers(work, recheck.officers, order.authority, order.firm_id, recheck.checked_on, must_include=caller.id)
    _check_day(work, recheck.checked_on, order.ordered_on, "/checked_on")
    told = {"outcome": recheck.outcome}
    details: dict[str, Any] = {"note": recheck.note, "officers": [str(officer) for officer in recheck.officers], "outcome": recheck.outcome}
    if (recheck.new_deadline is not None) != (recheck.outcome == "not_corrected"):
        raise invalid(
            "/new_deadline", "with_not_corrected", "未改正时须给出新期限,其他情形不填", "goes with not_corrected, and only with it"
        )
    if (recheck.passed_to is not None) != (recheck.outcome == "passed_on"):
        raise invalid("/passed_to", "with_passed_on", "移送时须写明接收机关,其他情形不填", "goes with passed_on, and only with it")
    if recheck.passed_to is not None and recheck.passed_to not in order.competent:
        zh, en = called(order.competent)
        raise invalid("/passed_to", "not_competent", f"该项应移送:{zh}", f"such a finding is passed to: {en}")
    if recheck.new_deadline is not None:
        _check_deadline(recheck.new_deadline, recheck.checked_on, "/new_deadline")
        order.deadline = _last_day(work, recheck.checked_on, recheck.new_deadline)
        order.orders += 1
        await _move(work, order, "order_again", recheck.checked_on, {**details, **_days(order.deadline, recheck.new_deadline)}, told)
    else:
        order.closed_on = recheck.checked_on
        order.passed_to = recheck.passed_to
        if recheck.passed_to is not None:
            details["passed_to"] = recheck.passed_to
        order.in_time = recheck.outcome == "corrected" and rules.in_time(
            await _corrected_on(work, order, recheck.checked_on), order.first_deadline
        )
        await _move(work, order, "close" if recheck.outcome == "corrected" else "pass_on", recheck.checked_on, details, told)
        closed = RectificationClosed(
            inspection_id=order.inspection_id,
            division_code=order.division_code,
            closed_on=recheck.checked_on,
            in_time=order.in_time,
            outcome=recheck.outcome,
        )
        await work.publish(closed, order.id, order.division_code)
    return order


async def publish_overdue(work: Work) -> None:
    """Publish once for each deadline that it passed unanswered. A machine only flags; people decide what follows (law 6)."""
    for order in await repository.newly_overdue(work.session, work.today):
        order.overdue_told_for = order.deadline
        event = RectificationOverdue(
            inspection_id=order.inspection_id, division_code=order.division_code, deadline=order.deadline, item_no=order.item_no
        )
        await work.publish(event, order.id, order.division_code)
        await repository.add_all(work.session, _step(work, order, "overdue", work.today, {"deadline": order.deadline.isoformat()}))
        await work.note("rectification.overdue", "rectification", order.id)


async def _corrected_on(work: Work, order: Rectification, checked_on: date) -> date:
    """The day on which the firm said it was corrected, when the re-check then found it so: a late officer must not count against the firm."""
    steps = await repository.steps_of(work.session, order.id)
    if steps and order.state == "answered":
        answered = [step.on_day for step in steps if step.action == "answer"]
        return answered[-1] if answered else checked_on
    return checked_on


async def _changeable(work: Work, rectification_id: UUID, if_match: str | None) -> Rectification:
    order = policy.may_see(work.principal, await repository.rectification(work.session, rectification_id, for_update=True))
    check_version(if_match, order.version)
    return order


async def _move(work: Work, order: Rectification, event: str, on_day: date, details: dict[str, Any], noted: dict[str, Any]) -> None:
    target = declared(rules.MACHINE, order.state, event, NotInThatState).target
    more = {
        "rectification_id": order.id,
        "action": event,
        "on_day": on_day,
        "state": target,
        "details": details,
        "recorded_by": work.principal.subject,
    }
    kind = ("rectification", order.id, "rectification")
    await take(work, rules.MACHINE, order, event, RectificationStep, noted=kind, problem=NotInThatState, more=more, details=noted)


def _last_day(work: Work, ordered_on: date, deadline: date) -> date:
    """The day on which the term really ends: a rest day at its end moves it to the next working day (民法典 art. 203; domain 13 no. 2)."""
    return last_day(ordered_on, (deadline - ordered_on).days, work.house.works)


def _days(last: date, stated: date) -> dict[str, str]:
    """The last day that counts and, when a rest day moved it, the day that was written on the order."""
    return {"deadline": last.isoformat()} | ({"stated": stated.isoformat()} if stated != last else {})


def _step(work: Work, order: Rectification, action: str, on_day: date, details: dict[str, Any]) -> RectificationStep:
    return RectificationStep(
        rectification_id=order.id,
        action=action,
        from_state=START if action == "ordered" else order.state,
        source=declared(rules.MACHINE, START if action == "ordered" else order.state, action).source,
        on_day=on_day,
        state=order.state,
        details=details,
        recorded_by=work.principal.subject,
        recorded_at=work.now,
    )


def _check_deadline(deadline: date, ordered_on: date, pointer: str) -> None:
    fault = rules.deadline_fault(deadline, ordered_on)
    if fault == "before_order":
        raise invalid(pointer, fault, "期限早于责令之日", "lies before the day of the order")
    if fault:
        raise invalid(pointer, fault, f"期限不得超过 {rules.MAX_DAYS} 日", f"lies more than {rules.MAX_DAYS} days ahead")


def _check_day(work: Work, day: date, not_before: date, pointer: str) -> None:
    if day > work.today:
        raise invalid(pointer, "date_future", "日期不能晚于今天", "must not lie in the future")
    if day < not_before:
        raise invalid(pointer, "before_order", "早于责令改正之日", "lies before the order")
