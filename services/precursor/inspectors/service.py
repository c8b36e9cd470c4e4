"""Use cases of inspectors."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from kit.etags import check_version
from kit.lists import Asked, Found, find_rows
from kit.problems import ROLE, Conflict, FieldError, Forbidden, NotFound, invalid
from kit.roles import Role
from kit.steps.machine import START
from kit.steps.taking import take
from kit.work import House, Work
from services.precursor.firms import service as firms
from services.precursor.firms.rules import Holding, Kind
from services.precursor.firms.tables import Firm
from services.precursor.inspectors import repository
from services.precursor.inspectors.errors import InspectorExists, InspectorNotFound, MayNotInspect, RecusalExists
from services.precursor.inspectors.rules import (
    AUTHORITIES,
    MACHINE,
    NEVER_INSPECT,
    NOT_AUTHORITIES,
    NOT_POSTS,
    POSTS,
    fault_of_head,
    has_power,
    is_away,
    is_certificate_no,
    is_competent,
)
from services.precursor.inspectors.schemas import EndRecusal, InspectorPatch, NewInspector, NewLeave, NewRecusal
from services.precursor.inspectors.tables import Inspector, InspectorLeave, InspectorStep, Recusal


async def list_inspectors(work: Work, asked: Asked, authority: str | None, state: str | None) -> Found:
    """A page of the directory."""
    filters = {"authority": authority, "state": state}
    return await find_rows(work, repository.INSPECTORS, asked, repository.inspectors_where(authority, state), filters)


async def tell_names(house: House, asked: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """The names of inspectors, to stand beside their ids in answers (kit.names)."""
    async with house.database.session() as session:
        return {"inspectors": await repository.names_of(session, [UUID(one) for one in asked["inspectors"]])}


async def read_inspector(work: Work, inspector_id: UUID) -> Inspector:
    """One inspector. Raises InspectorNotFound."""
    found = await repository.inspector(work.session, inspector_id)
    if found is None:
        raise InspectorNotFound
    return found


async def names_of(work: Work, ids: Collection[UUID]) -> dict[UUID, str]:
    """Id → name, for answers that show an officer beside the id."""
    return {found.id: found.name for found in (await repository.inspectors(work.session, list(ids))).values()}


async def enter_inspector(work: Work, new: NewInspector) -> Inspector:
    """Enter an officer in the directory. Raises MayNotInspect, InspectorExists, Invalid (certificate)."""
    _check_power(new.authority, new.post)
    _check_certificate(new.certificate_no)
    if new.certificate_valid_to < work.today:
        raise invalid("/certificate_valid_to", "certificate_expired", "执法证已过期", "the certificate has expired")
    if await repository.is_known(work.session, new.staff_code, new.certificate_no):
        raise InspectorExists
    values = new.model_dump(exclude={"post"})
    inspector = Inspector(**values, state=START, created_at=work.now, updated_at=work.now)
    await _take(work, inspector, "enter", "", {"authority": inspector.authority})
    return inspector


async def _take(work: Work, inspector: Inspector, event: str, reason: str, details: dict[str, Any]) -> None:
    noted = ("inspector", inspector.id, "inspector")
    await take(work, MACHINE, inspector, event, InspectorStep, noted=noted, reason=reason, details=details)


async def amend_inspector(work: Work, inspector_id: UUID, patch: InspectorPatch, if_match: str | None) -> Inspector:
    """Correct an entry, or take an officer out (`state: inactive`). Raises InspectorNotFound, StaleVersion, InspectorExists, Invalid."""
    inspector = await repository.inspector(work.session, inspector_id, for_update=True)
    if inspector is None:
        raise InspectorNotFound
    check_version(if_match, inspector.version)
    given = patch.model_fields_set - {"reason"}
    for field in sorted(given):
        value = getattr(patch, field)
        if value is None:
            raise invalid(f"/{field}", "not_empty", "不能清空此项", "cannot be cleared")
        if field == "certificate_no":
            _check_certificate(value)
            if await repository.is_known(work.session, None, value, but=inspector.id):
                raise InspectorExists
        if field != "state":
            setattr(inspector, field, value)
    event = "amend" if patch.state in (None, inspector.state) else "put_back" if patch.state == "active" else "take_out"
    await _take(work, inspector, event, patch.reason, {"fields": sorted(given)})
    return inspector


async def record_leave(work: Work, inspector_id: UUID, new: NewLeave) -> InspectorLeave:
    """Record days on which an officer cannot be sent. Raises InspectorNotFound, Invalid."""
    await read_inspector(work, inspector_id)
    if new.away_to < new.away_from:
        raise invalid("/away_to", "span", "结束日期早于开始日期", "ends before it begins")
    leave = InspectorLeave(inspector_id=inspector_id, **new.model_dump(), recorded_by=work.principal.subject, recorded_at=work.now)
    await repository.add(work.session, leave)
    await work.note("inspector.leave", "inspector", inspector_id)
    return leave


async def cancel_leave(work: Work, inspector_id: UUID, leave_id: UUID) -> InspectorLeave:
    """Cancel a leave. Raises NotFound, Conflict when it is cancelled already."""
    leave = await repository.leave(work.session, leave_id)
    if leave is None or leave.inspector_id != inspector_id:
        raise NotFound
    if leave.cancelled_at is not None:
        raise Conflict("该请假已取消", "this leave is cancelled already")
    leave.cancelled_at = work.now
    await work.session.flush()
    await work.note("inspector.cancel_leave", "inspector", inspector_id)
    return leave


async def leaves_of(work: Work, inspector_id: UUID) -> Sequence[InspectorLeave]:
    """Leaves of an officer. Raises InspectorNotFound."""
    await read_inspector(work, inspector_id)
    return await repository.leaves_of(work.session, inspector_id)


async def record_recusal(work: Work, inspector_id: UUID, new: NewRecusal) -> Recusal:
    """Record that an officer must not inspect a firm (APL art. 43). Raises InspectorNotFound, FirmNotFound, RecusalExists, Invalid."""
    recused = await read_inspector(work, inspector_id)
    await firms.read_firm(work, new.firm_id)
    if new.since > work.today:
        raise invalid("/since", "date_future", "日期不能晚于今天", "must not lie in the future")
    fault = fault_of_head(await repository.inspector_by_staff_code(work.session, new.decided_by), recused, work.principal.staff_id)
    if fault is not None:
        raise invalid("/decided_by", *fault)
    if await repository.is_recused(work.session, new.firm_id, inspector_id):
        raise RecusalExists
    recusal = Recusal(inspector_id=inspector_id, **new.model_dump(), recorded_by=work.principal.subject, recorded_at=work.now)
    await repository.add(work.session, recusal)
    await work.note("inspector.recuse", "inspector", inspector_id, new.firm_id)
    return recusal


async def end_recusal(work: Work, inspector_id: UUID, recusal_id: UUID, end: EndRecusal) -> Recusal:
    """End a recusal from a day on. Raises NotFound, Conflict, Invalid."""
    recusal = await repository.recusal(work.session, recusal_id)
    if recusal is None or recusal.inspector_id != inspector_id:
        raise NotFound
    if recusal.ended_on is not None:
        raise Conflict("该回避已结束", "this recusal has ended already")
    if end.ended_on < recusal.since or end.ended_on > work.today:
        raise invalid("/ended_on", "span", "结束日期应在开始日期与今天之间", "must lie between the beginning and today")
    recusal.ended_on = end.ended_on
    await work.session.flush()
    await work.note("inspector.end_recusal", "inspector", inspector_id, recusal.firm_id)
    return recusal


async def recusals_of(work: Work, inspector_id: UUID) -> Sequence[Recusal]:
    """Recusals of an officer. Raises InspectorNotFound."""
    await read_inspector(work, inspector_id)
    return await repository.recusals_of(work.session, inspector_id)


def _check_power(authority: str, post: str) -> None:
    if authority not in AUTHORITIES:
        zh, en = "该单位没有法定检查权", "this body has no legal power to inspect"
        code = "no_power" if authority in NOT_AUTHORITIES else "authority_unknown"
        raise MayNotInspect(errors=[FieldError("/authority", code, zh, en)])
    if post not in POSTS:
        zh, en = "网格员、辅助人员、外包人员不得检查企业", "grid workers, auxiliaries and contractors must not inspect firms"
        code = "no_power" if post in NOT_POSTS else "post_unknown"
        raise MayNotInspect(errors=[FieldError("/post", code, zh, en)])


def _check_certificate(number: str) -> None:
    if not is_certificate_no(number):
        raise invalid("/certificate_no", "certificate_invalid", "执法证号格式不符", "no certificate number")


async def own_entry(work: Work) -> Inspector:
    """The caller's own entry in the directory, by the staff number of the token.

    Raises Forbidden when the caller has no entry, when its certificate is not valid, when the account is bound to another authority, and
    for an account that also works for the office or a town: who coordinates does not inspect, whatever certificate was entered
    (国办发〔2024〕54号).
    """
    if work.principal.has(*NEVER_INSPECT):
        raise Forbidden("禁毒办、乡镇和网格人员不得检查企业", "who works for the office, a town or a grid does not inspect firms", [ROLE])
    code = work.principal.staff_id
    found = await repository.inspector_by_staff_code(work.session, code) if code else None
    if found is None or found.state != "active" or found.certificate_valid_to < work.today:
        raise Forbidden(
            "不在执法人员名录中或执法证已失效", "not in the directory of inspectors, or the certificate is no longer valid", [ROLE]
        )
    if work.principal.authority is not None and work.principal.authority != found.authority:
        raise Forbidden("账号所属机关与执法人员名录不符", "the account works for another authority than the directory says", [ROLE])
    return found


async def entry_of(work: Work) -> Inspector | None:
    """The caller's own entry, or None for whoever inspects nothing: what `next_steps` shows as blocked is what `own_entry` refuses."""
    try:
        return await own_entry(work) if work.principal.has(Role.INSPECTOR) else None
    except Forbidden:
        return None


def check_competent(authority: str, kind: str, pointer: str) -> None:
    """Raises Invalid when an authority may not inspect a kind of object."""
    if not is_competent(authority, kind):
        raise invalid(pointer, "not_competent", "该机关对此类对象没有检查权", "this authority has no power over this kind of object")


def line_in_power(authority: str, firm: Firm, holding: Holding, wanted: Kind | None, pointer: str) -> str:
    """The kind as which an authority may inspect this firm, by what it does and holds: `wanted`, or the first one within its power. Raises
    Invalid when no kind fits.
    """
    held = {"pharmaceutical": holding.pharmaceutical, "other": holding.other, "activities": holding.activities}
    for kind in sorted(firm.lines, key=lambda line: line != firm.kind):
        if wanted in (None, kind) and has_power(authority, kind, **held):
            return kind
    raise invalid(pointer, "not_competent", "该机关对此企业没有检查权", "this authority has no power over this firm")


async def check_officers(
    work: Work, officers: Sequence[UUID], authority: str, firm_id: UUID, on_day: date, *, must_include: UUID, pointer: str = "/officers"
) -> dict[UUID, Inspector]:
    """At least two different certificated officers of the authority, none recused, and the recording officer among them (APL art. 42, 43, 55).

    Raises Invalid pointing at the officer.
    """
    if len(set(officers)) != len(officers) or len(officers) < 2:
        raise invalid(pointer, "two_officers", "执法人员不得少于两人", "at least two different officers")
    if must_include not in officers:
        raise invalid(pointer, "recorder_absent", "记录人应为到场执法人员", "the one who records must be one of those present")
    found = await repository.inspectors(work.session, officers)
    for position, officer in enumerate(officers):
        inspector = found.get(officer)
        if inspector is None or inspector.authority != authority or inspector.state != "active" or inspector.certificate_valid_to < on_day:
            raise invalid(
                f"{pointer}/{position}", "not_certificated", "不是该机关的持证执法人员", "no certificated officer of this authority"
            )
        if await repository.is_recused(work.session, firm_id, officer):
            raise invalid(f"{pointer}/{position}", "recused", "该执法人员应当回避", "this officer is recused from the firm")
    return found


async def officers_to_draw(work: Work, authority: str, first: date, last: date) -> tuple[list[Inspector], list[tuple[Inspector, str]]]:
    """The directory of inspectors for a period: who can be drawn, and who cannot and why (`certificate`, `unavailable`)."""
    leaves: dict[UUID, list[tuple[date, date]]] = {}
    for inspector_id, away_from, away_to in await repository.leaves_between(work.session, first, last):
        leaves.setdefault(inspector_id, []).append((away_from, away_to))
    able: list[Inspector] = []
    unable: list[tuple[Inspector, str]] = []
    for inspector in await repository.directory(work.session, authority):
        if inspector.certificate_valid_to < last:
            unable.append((inspector, "certificate"))
        elif is_away(leaves.get(inspector.id, ()), first, last):
            unable.append((inspector, "unavailable"))
        else:
            able.append(inspector)
    return able, unable


async def unfit_for(work: Work, officers: Sequence[UUID], firm_id: UUID, first: date, last: date) -> dict[UUID, str]:
    """Who of these officers cannot go to a firm in a span, and the ground on record (rules.UNFIT)."""
    found = await repository.inspectors(work.session, officers)
    recused = await repository.recused_from(work.session, firm_id)
    leaves: dict[UUID, list[tuple[date, date]]] = {}
    for inspector_id, away_from, away_to in await repository.leaves_between(work.session, first, last):
        leaves.setdefault(inspector_id, []).append((away_from, away_to))
    unfit: dict[UUID, str] = {}
    for officer in officers:
        inspector = found.get(officer)
        if officer in recused:
            unfit[officer] = "recused"
        elif inspector is None or inspector.state != "active":
            unfit[officer] = "left"
        elif inspector.certificate_valid_to < last:
            unfit[officer] = "certificate"
        elif is_away(leaves.get(officer, ()), first, last):
            unfit[officer] = "unavailable"
    return unfit


async def recusals_on(work: Work, day: date) -> Sequence[tuple[UUID, UUID]]:
    """(firm, inspector) of recusals that run on a day."""
    return await repository.recusals_on(work.session, day)
