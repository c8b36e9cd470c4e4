"""Register, read, search, amend and move persons. One function, one verb, one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from kit.db import new_id
from kit.etags import check_version
from kit.lists import Asked, Found, find_json
from kit.problems import invalid
from kit.roles import Role
from kit.sealed import masked
from kit.sheets.id_numbers import IdNumberError, read_id_number
from kit.steps.machine import START
from kit.steps.taking import take
from kit.work import Work
from services.registry.divisions.service import require_town
from services.registry.events import PersonMoved, PersonRegistered
from services.registry.people import policy, repository
from services.registry.people.errors import AlreadyRegistered, RecordClosed
from services.registry.people.names import pinyin_of
from services.registry.people.record import set_address, set_name, set_phone, shown
from services.registry.people.rules import ACTIONS, NOT_MANAGED, RECORD, folded_name
from services.registry.people.schemas import Identity, Move, NewPerson, PersonPatch, PersonSearch
from services.registry.people.tables import Person, PersonChange, Standing
from services.registry.staff import repository as staff

NO_WILDCARDS = str.maketrans("", "", "%_\\")
"""Characters with a special meaning in LIKE; a name does not contain them."""


async def register_person(work: Work, new: NewPerson) -> Person:
    """Register a person (NCL art. 32). Raises Invalid, Forbidden, AlreadyRegistered."""
    policy.may_register_in(work.principal, new.division_code)
    await require_town(work, new.division_code, "/division_code")
    try:
        number = read_id_number(new.id_number, today=work.today, demo=work.house.demo)
    except IdNumberError as error:
        raise invalid("/id_number", error.code.lower(), error.message_zh, error.message_en) from error
    if new.status_since > work.today:
        raise invalid("/status_since", "date_future", "日期不能晚于今天", "must not lie in the future")
    index = work.sealer.index("id_number", number.text)
    known = await repository.person_by_index(work.session, index)
    if known is not None:  # the answer reveals that a person is in the register, perhaps in another town: the request must be audited
        await work.note_refused("person.register_refused", "person", known.id)
        raise AlreadyRegistered
    person_id, name = new_id(), folded_name(new.name)
    pinyin, initials = pinyin_of(name)
    person = Person(
        id=person_id,
        division_code=new.division_code,
        village_code=new.village_code,
        household_area=number.area,
        name=name,
        name_pinyin=pinyin,
        name_initials=initials,
        sex=number.sex,
        birth_date=number.birth_date,
        id_number_sealed=work.sealer.seal(number.text, "person", "id_number", str(person_id)),
        id_number_index=index,
        id_number_masked=masked(number.text),
        drugs=sorted(set(new.drugs)),
        registered_on=new.registered_on or work.today,
        status=new.status,
        status_since=new.status_since,
        state=START,
        created_at=work.now,
        updated_at=work.now,
    )
    set_phone(work, person, new.phone)
    set_address(work, person, new.address)
    await changed(work, person, "register", {}, {"status": new.status, "division_code": new.division_code}, "")
    work.session.add(standing_row(work, person, new.status, new.status_since, "登记"))
    await work.session.flush()
    event = PersonRegistered(division_code=new.division_code, status=new.status, status_since=new.status_since, sex=number.sex)
    await work.publish(event, person.id, person.division_code)
    return person


async def list_people(work: Work, asked: Asked, division_code: str | None, status: str | None) -> Found:
    """People under management, masked; scope and care team are part of the question. Raises BadCursor."""
    listing = repository.PEOPLE if policy.sees_treatment(work.principal) else repository.PEOPLE_IN_CARE
    return await find_json(work, listing, asked, _filters(work, division_code, status))


async def search_people(work: Work, asked: Asked, search: PersonSearch) -> Found:
    """Those who fit, as `list_people`. Noted with what was asked by, not with the values. Raises Invalid, BadCursor."""
    listing = repository.SEARCH if policy.sees_treatment(work.principal) else repository.SEARCH_IN_CARE
    filters = {**_filters(work, search.division_code, search.status), **search_filters(work, search)}
    return await find_json(work, listing, asked, filters, noted={"by": sorted(search.model_fields_set)})


def _filters(work: Work, division_code: str | None, status: str | None) -> dict[str, Any]:
    reach = policy.reach(work.principal, division_code)
    if status is None:
        reach["ours"] = True  # whom another county took over, or who was registered by mistake, is listed only when asked for
    elif status in NOT_MANAGED and "person" not in reach and not work.principal.has(Role.COUNTY_OFFICER):
        reach["ours"] = True
    today = work.today if "team" in reach else None
    return {**reach, "status": status, "today": today}


def search_filters(work: Work, search: PersonSearch) -> dict[str, Any]:
    """What was searched for as filters; a name of Latin letters is pinyin or initials."""
    found: dict[str, Any] = {}
    if search.id_number:
        try:
            number = read_id_number(search.id_number, today=work.today, demo=work.house.demo)
        except IdNumberError as error:
            raise invalid("/id_number", error.code.lower(), error.message_zh, error.message_en) from error
        found["index"] = work.sealer.index("id_number", number.text)
    if search.phone:
        found["phone"] = work.sealer.index("phone", search.phone)
    if search.name:
        text = folded_name(search.name).translate(NO_WILDCARDS)
        if text.isascii():
            found["pinyin"] = f"{text.lower()}%"
        else:
            found["name"] = f"%{text}%"
    return found


async def readable(work: Work, person_id: UUID, purpose: str | None = None) -> Person:
    """The person, when the caller may open the record: by place, by care team, by the state of the record. Raises PersonNotFound."""
    wanted = work.purpose if purpose is None else purpose
    person = policy.may_read(work.principal, await repository.person(work.session, person_id), wanted)
    await require_care(work, person, wanted)
    return person


async def require_care(work: Work, person: Person, purpose: str) -> None:
    """Raises PersonNotFound unless the caller may open this person by care team and by where the person is managed (`policy.may_care`)."""
    bound = policy.bound_to_team(work.principal)
    in_team = bound and await staff.cares_for(work.session, work.principal.staff_id or "", person.id, work.today)
    policy.may_care(work.principal, person, purpose, in_team=in_team)


async def read_person(work: Work, person_id: UUID) -> Person:
    """A person's record. Audited with its purpose. Raises PersonNotFound."""
    person = await readable(work, person_id)
    await work.note("person.read", "person", person.id)
    return person


async def open_identity(work: Work, person_id: UUID) -> Identity:
    """The sealed values in clear: an act of its own, audited as such."""
    person = await readable(work, person_id)
    await work.note("person.open_identity", "person", person.id)
    key = str(person.id)
    return Identity(
        id_number=work.sealer.open(person.id_number_sealed, "person", "id_number", key),
        phone=work.sealer.open(person.phone_sealed, "person", "phone", key) if person.phone_sealed else None,
        address=work.sealer.open(person.address_sealed, "person", "address", key) if person.address_sealed else None,
    )


async def history_of(work: Work, person_id: UUID) -> Sequence[PersonChange]:
    """What was changed about a person, newest first."""
    await readable(work, person_id)
    await work.note("person.read_history", "person", person_id)
    return await repository.changes_of(work.session, person_id)


async def amend_person(work: Work, person_id: UUID, patch: PersonPatch, if_match: str | None) -> Person:
    """Correct a person's data.

    Raises PersonNotFound, StaleVersion, RecordClosed, Invalid: an amendment that changes nothing would be a read without a purpose.
    """
    person = await writable(work, person_id, if_match)
    given = patch.model_fields_set - {"reason"}
    if not given:
        raise invalid("", "nothing_to_change", "没有要更改的内容", "nothing to change")
    before = {field: shown(person, field) for field in sorted(given)}
    if "name" in given and patch.name:
        set_name(person, patch.name)
    if "village_code" in given:
        person.village_code = patch.village_code
    if "drugs" in given:
        person.drugs = sorted(set(patch.drugs or []))
    if "phone" in given:
        set_phone(work, person, patch.phone)
    if "address" in given:
        set_address(work, person, patch.address)
    after = {field: shown(person, field) for field in sorted(given)}
    await changed(work, person, "amend", before, after, patch.reason, noted={"fields": sorted(given)})
    return person


async def move_person(work: Work, person_id: UUID, move: Move, if_match: str | None) -> Person:
    """Make another town responsible. Raises PersonNotFound, StaleVersion, Invalid."""
    person = await writable(work, person_id, if_match)
    await require_town(work, move.division_code, "/division_code")
    await place_person(work, person, move.division_code, move.village_code, move.reason)
    return person


async def place_person(work: Work, person: Person, division_code: str, village_code: str | None, reason: str) -> None:
    """Write that another town is responsible, with history and event; the caller has checked that it may."""
    old = person.division_code
    person.division_code, person.village_code = division_code, village_code
    await changed(work, person, "move", {"division_code": old}, {"division_code": division_code}, reason)
    await work.publish(PersonMoved(from_division=old, division_code=division_code), person.id, division_code)


async def writable(work: Work, person_id: UUID, if_match: str | None, *, closed: bool = False) -> Person:
    """The person, locked, when the caller may change the record in the version that they saw. Raises PersonNotFound, StaleVersion, RecordClosed."""
    person = policy.may_write(work.principal, await repository.person(work.session, person_id, for_update=True))
    check_version(if_match, person.version)
    if person.state == "closed" and not closed:
        raise RecordClosed
    return person


async def changed(
    work: Work,
    person: Person,
    event: str,
    before: dict[str, Any],
    after: dict[str, Any],
    reason: str,
    *,
    to: str | None = None,
    noted: dict[str, Any] | None = None,
) -> None:
    """Take a step of a person's record: state, version, history and audit."""
    await take(
        work,
        RECORD,
        person,
        event,
        PersonChange,
        noted=("person", person.id, "person"),
        reason=reason,
        problem=RecordClosed,
        more={
            "person_id": person.id,
            "action": ACTIONS[event],
            "before": before,
            "after": after,
            "recorded_by": work.principal.subject,
        },
        details=noted,
        to=to,
    )


def standing_row(
    work: Work, person: Person, status: str, since: date, reason: str, *, source: str = "entry", corrects_id: UUID | None = None
) -> Standing:
    """A standing of a person, not yet added."""
    return Standing(
        person_id=person.id,
        status=status,
        since=since,
        division_code=person.division_code,
        source=source,
        corrects_id=corrects_id,
        reason=reason,
        recorded_by=work.principal.subject,
        recorded_at=work.now,
    )
