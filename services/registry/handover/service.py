"""Use cases of handovers: announce, receive, acknowledge, withdraw. None of them moves a measure: reporting in is recorded where it happens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from kit.db import new_id
from kit.etags import check_version
from kit.lists import Asked, Found, find_rows
from kit.problems import ROLE, Forbidden, Invalid, invalid
from kit.roles import Role
from kit.sealed import masked
from kit.sheets.id_numbers import IdNumberError, read_id_number
from kit.steps.machine import START
from kit.steps.taking import NextStep, Reason, declared, next_steps, refuse, take
from kit.work import Work
from services.registry.divisions.service import require_town
from services.registry.events import HandoverAcknowledged, HandoverAnnounced, HandoverEvent, HandoverReceived, HandoverWithdrawn
from services.registry.handover import policy, repository, rules
from services.registry.handover.errors import HandoverState, NoticeDiffers, PersonNotRegistered
from services.registry.handover.schemas import Acknowledgement, HandoverRow, NewHandover, Receipt, Withdrawal
from services.registry.handover.tables import ReleaseHandover, ReleaseHandoverStep
from services.registry.people import repository as people
from services.registry.people.errors import PersonNotFound
from services.registry.people.rules import folded_name
from services.registry.staff import repository as staff

TABLE = "release_handover"
OFFICE = "county_office"
"""The announcer of notices that officers enter from paper: the same notice counts as the same for every officer. The history names the officer."""
_TELLS: dict[str, type[HandoverEvent]] = {
    "announce": HandoverAnnounced,
    "receive": HandoverReceived,
    "arrive": HandoverAcknowledged,
    "not_arrive": HandoverAcknowledged,
    "withdraw": HandoverWithdrawn,
}


async def announce(work: Work, new: NewHandover) -> tuple[ReleaseHandover, bool]:
    """Announce a release; the handover, and whether it is new: the same notice again changes nothing.

    An institution is not told whether the register knows the person. Raises Forbidden, Invalid, PersonNotFound, NoticeDiffers.
    """
    policy.may_announce(work.principal, new.division_code)
    await require_town(work, new.division_code, "/division_code")
    announced_on = _announced_on(work, new)
    digest = work.sealer.index("handover", new.model_dump_json())
    announcer = work.principal.subject if work.principal.has(Role.AGENCY) else OFFICE
    known = await repository.by_notice(work.session, announcer, new.notice_no)
    if known is not None:
        if bytes(known.content_digest) != digest:
            raise NoticeDiffers
        return known, False
    works = work.house.works
    expected = rules.expected_by(new.released_on, ordered=new.order_no is not None, working=works)
    due = rules.acknowledge_due(expected, works)
    row = ReleaseHandover(
        institution=new.institution,
        notice_no=new.notice_no,
        content_digest=digest,
        division_code=new.division_code,
        released_on=new.released_on,
        order_no=new.order_no,
        documents=sorted(set(new.documents)),
        expected_by=expected,
        latest_due=due,
        acknowledge_due=due,
        notice_in_time=rules.notice_in_time(announced_on, new.released_on),
        state=START,
        announced_on=announced_on,
        announced_by=announcer,
        created_at=work.now,
        updated_at=work.now,
    )
    await _name(work, row, new)
    await _step(work, row, "announce", announced_on)
    return row, True


def _announced_on(work: Work, new: NewHandover) -> date:
    day = new.announced_on or work.today
    if new.announced_on is not None and new.announced_on != work.today and not work.principal.has(Role.COUNTY_OFFICER):
        raise invalid("/announced_on", "not_today", "系统报送以当日为准", "a system announces today")
    if day > work.today:
        raise invalid("/announced_on", "date_future", "日期不能晚于今天", "must not lie in the future")
    return day


async def _name(work: Work, row: ReleaseHandover, new: NewHandover) -> None:
    """Write down who comes: the register's person, or the sealed number and name until the register knows them."""
    if new.person_id is not None:
        person = await people.person(work.session, new.person_id) if work.principal.has(Role.COUNTY_OFFICER) else None
        if person is None:
            raise PersonNotFound
        row.person_id = person.id
        return
    assert new.id_number is not None
    assert new.name is not None
    try:
        number = read_id_number(new.id_number, today=work.today, demo=work.house.demo)
    except IdNumberError as error:
        raise invalid("/id_number", error.code.lower(), error.message_zh, error.message_en) from error
    index = work.sealer.index("id_number", number.text)
    known = await people.person_by_index(work.session, index)
    if known is not None:
        row.person_id = known.id
        return
    row.id = new_id()
    row.id_number_index = index
    row.id_number_sealed = work.sealer.seal(number.text, TABLE, "id_number", str(row.id))
    row.name_sealed = work.sealer.seal(folded_name(new.name), TABLE, "name", str(row.id))


async def receive(work: Work, handover_id: UUID, receipt: Receipt, if_match: str | None) -> ReleaseHandover:
    """The town takes the packet. Raises HandoverNotFound, StaleVersion, HandoverState, PersonNotRegistered, Invalid."""
    row = await _writable(work, handover_id, "receive", if_match)
    day = _day_of_answer(work, receipt.on, row)
    worker = await staff.staff_member(work.session, receipt.contact)
    if worker is None or worker.valid_from > day or (worker.valid_to is not None and worker.valid_to <= day):
        raise invalid("/contact", "unknown_staff", "没有此工作人员", "no such staff member on that day")
    if row.person_id is None:
        assert row.id_number_index is not None
        known = await people.person_by_index(work.session, bytes(row.id_number_index))
        if known is None:
            refuse([NOT_REGISTERED], PersonNotRegistered)
            raise PersonNotRegistered
        row.person_id = known.id
        _forget(row)
    row.contact = receipt.contact
    await _step(work, row, "receive", day)
    return row


async def acknowledge(work: Work, handover_id: UUID, answer: Acknowledgement, if_match: str | None) -> ReleaseHandover:
    """The town answers: arrived, or not arrived and what it did. A later arrival is a further step; the first answer's day stays.

    Raises HandoverNotFound, StaleVersion, HandoverState, Invalid.
    """
    event = "arrive" if answer.outcome == "arrived" else "not_arrive"
    row = await _writable(work, handover_id, event, if_match)
    day = _day_of_answer(work, answer.on, row)
    first = row.acknowledged_on is None
    if answer.outcome == "arrived":
        arrived = _past_day(work, answer.arrived_on or day, row.released_on, "/arrived_on")
        if arrived > day:
            raise invalid("/arrived_on", "after_answer", "到达日不能晚于回执日", "lies after the day of the answer")
        row.arrived_on = arrived
        if first:
            row.acknowledge_due = min(row.latest_due, rules.acknowledge_due(arrived, work.house.works))
    else:
        if answer.arrived_on is not None:
            raise invalid("/arrived_on", "not_arrived", "未到达不填到达日", "nobody arrived")
        if not answer.reason.strip():
            raise invalid("/reason", "missing", "未到达须写明查找联系情况", "say what was done to reach the person")
        refuse(too_early(row, day), Invalid)
    row.acknowledged_on = row.acknowledged_on or day
    await _step(work, row, event, day, answer.reason)
    return row


async def withdraw(work: Work, handover_id: UUID, withdrawal: Withdrawal, if_match: str | None) -> ReleaseHandover:
    """Take an announcement back. Raises HandoverNotFound, StaleVersion, HandoverState, Forbidden."""
    if not work.principal.has(Role.COUNTY_OFFICER, Role.AGENCY):
        raise Forbidden(errors=[ROLE])
    row = await _writable(work, handover_id, "withdraw", if_match)
    row.withdrawn_on = work.today
    await _step(work, row, "withdraw", work.today, withdrawal.reason)
    _forget(row)
    await work.session.flush()
    return row


def _forget(row: ReleaseHandover) -> None:
    """The sealed copy is deleted as soon as it is no longer needed (PIPL art. 19)."""
    row.name_sealed = row.id_number_sealed = row.id_number_index = None


def _day_of_answer(work: Work, given: date | None, row: ReleaseHandover) -> date:
    """The day on which the town answered.

    A town answers today; only the office, which holds the paper, enters an earlier day, so that a late answer cannot be dated back.
    """
    if given is not None and given != work.today and not work.principal.has(Role.COUNTY_OFFICER):
        raise invalid("/on", "not_today", "补录以前日期的回执由县禁毒办办理", "an earlier day is entered by the county office")
    return _past_day(work, given, row.announced_on, "/on")


def _past_day(work: Work, given: date | None, earliest: date, pointer: str) -> date:
    day = given or work.today
    if not earliest <= day <= work.today:
        raise invalid(pointer, "date_range", "日期须在通知(或出所)之后、今天之前", "must lie between the notice (or the release) and today")
    return day


async def _writable(work: Work, handover_id: UUID, event: str, if_match: str | None) -> ReleaseHandover:
    row = policy.may_see(work.principal, await repository.handover(work.session, handover_id, for_update=True))
    check_version(if_match, row.version)
    declared(rules.MACHINE, row.state, event, HandoverState)
    return row


NOT_REGISTERED = Reason(code=PersonNotRegistered.slug, zh=PersonNotRegistered.title_zh, en=PersonNotRegistered.title_en)
TOO_EARLY = Reason(code="too_early", zh="报到期限未满,不能回执未到达", en="the person may still come: too early to say so")
NOT_RELEASED = Reason(code="date_range", zh="尚未到出所日", en="the day of release has not come")


def too_early(row: ReleaseHandover, day: date) -> list[Reason]:
    """Why nobody can say yet that the person did not come."""
    return [TOO_EARLY] if day <= row.expected_by else []


async def next_steps_of(work: Work, row: ReleaseHandover) -> list[NextStep]:
    """What can be done with a handover now."""
    blocked = {"not_arrive": too_early(row, work.today), "arrive": [NOT_RELEASED] if work.today < row.released_on else []}
    if row.person_id is None and row.id_number_index is not None:
        known = await people.person_by_index(work.session, bytes(row.id_number_index))
        blocked["receive"] = [] if known is not None else [NOT_REGISTERED]
    return next_steps(rules.MACHINE, row.state, work.principal, blocked)


async def _step(work: Work, row: ReleaseHandover, event: str, day: date, reason: str = "") -> None:
    """Take one declared step: row, history, audit and event together."""
    await take(
        work,
        rules.MACHINE,
        row,
        event,
        ReleaseHandoverStep,
        noted=(TABLE, row.id, "handover"),
        on=day,
        reason=reason,
        problem=HandoverState,
        more={"handover_id": row.id, "recorded_by": work.principal.subject},
    )
    told = _TELLS[event](
        handover_id=row.id,
        division_code=row.division_code,
        state=row.state,
        on=day,
        released_on=row.released_on,
        expected_by=row.expected_by,
        acknowledge_due=row.acknowledge_due,
    )
    await work.publish(told, row.person_id or row.id, row.division_code)


async def read(work: Work, handover_id: UUID) -> tuple[ReleaseHandover, str, str, Sequence[ReleaseHandoverStep]]:
    """A handover with the person's name, masked ID number and the history. Raises HandoverNotFound."""
    row = policy.may_see(work.principal, await repository.handover(work.session, handover_id))
    name, number = "", ""
    if row.person_id is not None:
        person = await people.person(work.session, row.person_id)
        if person is not None and person.state == "open":
            name, number = person.name, person.id_number_masked
    elif row.name_sealed is not None and row.id_number_sealed is not None:
        name = work.sealer.open(bytes(row.name_sealed), TABLE, "name", str(row.id))
        number = masked(work.sealer.open(bytes(row.id_number_sealed), TABLE, "id_number", str(row.id)))
    if row.person_id is not None:  # so that the person's own access log shows it
        await work.note("handover.read", "person", row.person_id, details={"handover": str(row.id)})
    else:
        await work.note("handover.read", TABLE, row.id)
    return row, name, number, await repository.steps_of(work.session, row.id)


async def list_handovers(work: Work, asked: Asked, state: str | None, *, overdue: bool, shape: Callable[[Any], HandoverRow]) -> Found:
    """Handovers of the caller's towns (an institution: its own), the earliest answer due first. Raises BadCursor."""
    own = work.principal.subject if work.principal.has(Role.AGENCY) else None
    query = repository.handovers(work.scope, own, state, work.today if overdue else None)
    return await find_rows(work, repository.HANDOVERS, asked, query, filters={"state": state, "overdue": overdue, "own": own}, shape=shape)
