"""Registered standings: appended, never overwritten; the person's row says what the latest one says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from kit.problems import Forbidden, invalid
from kit.roles import Role
from kit.steps.taking import NextStep, Reason, next_steps
from kit.work import Work
from services.registry.events import PersonStanding
from services.registry.people import repository
from services.registry.people.policy import ELSEWHERE
from services.registry.people.rules import ACTIONS, DEAD_END, RECORD, record_state
from services.registry.people.schemas import NewStanding
from services.registry.people.service.records import changed, readable, standing_row, writable
from services.registry.people.tables import Person, PersonChange, Standing

FOLLOWS_MEASURE = "measure"
"""Source of a standing that follows what was decided about a measure."""


DEAD = Reason(code="dead_end", zh="此登记状态之后不再有其他状态,只能更正", en="nothing follows this standing; it can only be corrected")


def next_steps_of(work: Work, person: Person) -> list[NextStep]:
    """What can be done with a person's record. A standing that nothing follows is corrected, which the county office does."""
    outside = [] if work.principal.covers(person.division_code) else [ELSEWHERE]
    blocked = {declared.event: outside for declared in RECORD.steps}
    fields: dict[str, list[str]] = {}
    if person.status in DEAD_END:
        fields["standing"] = ["status", "since", "reason", "corrects_id"]
        blocked["standing"] = outside if work.principal.has(Role.COUNTY_OFFICER) else [*outside, DEAD]
    return next_steps(RECORD, person.state, work.principal, blocked, fields=fields)


async def record_standing(work: Work, person_id: UUID, new: NewStanding, if_match: str | None) -> Person:
    """Record a registered standing from a day on. Raises PersonNotFound, StaleVersion, RecordClosed, Forbidden, Invalid.

    The county office may add one to a closed record (a correction, a new finding): it opens again when supervision goes on. A correction is the office's too:
    a day that is moved back would otherwise be an end before its time.
    """
    person = await writable(work, person_id, if_match, closed=work.principal.has(Role.COUNTY_OFFICER))
    if new.since > work.today:
        raise invalid("/since", "date_future", "日期不能晚于今天", "must not lie in the future")
    if person.status in DEAD_END and new.since >= person.status_since and new.corrects_id is None:
        raise invalid("/corrects_id", DEAD.code, DEAD.zh, DEAD.en)
    if new.corrects_id is not None:
        if not work.principal.has(Role.COUNTY_OFFICER):
            raise Forbidden("更正登记状态由县禁毒办办理", "a standing is corrected by the county office")
        if new.corrects_id not in {entry.id for entry in await repository.standings_of(work.session, person.id)}:
            raise invalid("/corrects_id", "unknown", "没有这条登记状态", "no such standing of this person")
    await append_standing(work, person, new.status, new.since, new.reason, corrects_id=new.corrects_id)
    return person


async def append_standing(
    work: Work, person: Person, status: str, since: date, reason: str, *, source: str = "entry", corrects_id: UUID | None = None
) -> None:
    """Add a standing and let the person's row follow the one that now holds, with history and event; the caller has checked that it may and notes the act."""
    work.session.add(standing_row(work, person, status, since, reason, source=source, corrects_id=corrects_id))
    await work.session.flush()
    before = {"status": person.status, "status_since": person.status_since.isoformat()}
    latest = (await repository.standings_of(work.session, person.id))[-1]
    person.status, person.status_since = latest.status, latest.since
    state = record_state(person.state, latest.status)
    person.closed_on = person.closed_on if state == "closed" else None
    after = {"status": person.status, "status_since": person.status_since.isoformat()}
    # A standing that follows a measure is written by the measure's own step: nobody's edit of the record is lost by it, so it is not a new version.
    if source == FOLLOWS_MEASURE:
        work.session.add(followed(work, person, before, after, reason))
        await work.session.flush()
    else:
        await changed(work, person, "standing", before, after, reason, to=state, noted={"status": status})
    if before != after:
        event = PersonStanding(division_code=person.division_code, status=person.status, status_since=person.status_since)
        await work.publish(event, person.id, person.division_code)


def followed(work: Work, person: Person, before: dict[str, str], after: dict[str, str], reason: str) -> PersonChange:
    """The history of a standing that followed a measure."""
    return PersonChange(
        person_id=person.id,
        action=ACTIONS["standing"],
        before=before,
        after=after,
        legal_source=RECORD.step(person.state, "standing").source,
        reason=reason,
        recorded_by=work.principal.subject,
        recorded_at=work.now,
    )


async def take_back_standing(work: Work, person: Person, standing: Standing, reason: str) -> None:
    """Undo a standing that was recorded by mistake: the one that held before it holds again, in a new row that names the mistaken one.

    Raises Invalid when nothing stood before it.
    """
    history = await repository.standings_of(work.session, person.id)
    others = [entry for entry in history if entry.id != standing.id]
    if not others:
        raise invalid(
            "/corrects_id", "first_standing", "这是首条登记状态,须写明正确的状态", "the first standing: say what is right instead"
        )
    before = [entry for entry in others if entry.since <= standing.since] or others[:1]
    await append_standing(work, person, before[-1].status, before[-1].since, reason, corrects_id=standing.id)


async def standings_of(work: Work, person_id: UUID) -> tuple[Person, Sequence[Standing]]:
    """All standings of a person, the corrected ones among them, oldest first. Raises PersonNotFound."""
    person = await readable(work, person_id)
    await work.note("person.read_standings", "person", person_id)
    return person, await repository.all_standings_of(work.session, person_id)
