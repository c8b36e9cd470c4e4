"""Use cases of firms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from kit.etags import check_version
from kit.lists import Asked, Found, find_rows
from kit.problems import invalid
from kit.scope import Scope
from kit.sealed import masked
from kit.steps.machine import START
from kit.steps.taking import declared, next_steps, take
from kit.strict_json import check_text
from kit.work import Work
from services.precursor.catalogue.rules.names import Names
from services.precursor.catalogue.service import names_on
from services.precursor.events import FirmReclassified, LicenceExpiring
from services.precursor.firms import policy, repository
from services.precursor.firms.errors import FirmExists
from services.precursor.firms.rules import MACHINE, WARN_DAYS, Holding, expires_soon, holding_of, listed_names, masked_name
from services.precursor.firms.schemas import Contacts, FirmAnswer, FirmCounts, FirmPatch, NewFirm
from services.precursor.firms.tables import Firm, FirmChange, FirmStep

EVALUATED_AT_ONCE = 500
CLEARABLE = frozenset({"open_check", "real_name", "xray", "legal_person", "phone", "licence_no", "licence_valid_to"})


async def list_firms(work: Work, asked: Asked, filters: dict[str, Any], expiring: bool) -> Found:
    """A page of the firms in the caller's towns; `expiring`: those whose licence ends soon or has ended."""
    for name in ("q", "chemical"):
        check_text(filters.get(name) or "")
    names = await names_on(work, work.today)
    meant = names.resolve(filters["chemical"]) if filters["chemical"] else None
    wanted = repository.Wanted(
        work.scope.within(filters["division_code"]),
        expiring_by=work.today + timedelta(days=WARN_DAYS) if expiring else None,
        listed=[entry.name_zh for entry in names.entries if entry.category == filters["category"]],
        meant=[entry.name_zh for entry in meant.entries] if meant else [],
        **{name: value for name, value in filters.items() if name != "division_code"},
    )
    bound = {**filters, "licence_expiring": expiring or None}
    return await find_rows(work, repository.FIRMS, asked, repository.narrowed(wanted), bound, shape=lambda firm: _answer(work, firm, names))


async def count_firms(work: Work) -> FirmCounts:
    """How many active firms there are in the caller's towns."""
    kinds: Counter[str] = Counter()
    for kind, _, number in await repository.counts(work.session, work.scope):
        kinds[kind] += number
    towns = await repository.towns_of(work.session, work.scope)
    return FirmCounts(total=sum(towns.values()), by_kind=dict(kinds), by_division=dict(sorted(towns.items())))


async def answer(work: Work, firm: Firm) -> FirmAnswer:
    """A firm as it is shown: people masked, classes and competent authorities by the list of today."""
    return _answer(work, firm, await names_on(work, work.today))


def _answer(work: Work, firm: Firm, names: Names) -> FirmAnswer:
    holding = held_by(firm, names)
    unresolved = [name for name in firm.chemicals if names.resolve(name) is None]
    gone = [name for name in unresolved if names.was_listed(name)]
    values: dict[str, Any] = {name: getattr(firm, name, None) for name in FirmAnswer.model_fields}
    today = {
        "categories": list(holding.categories),
        "competent": list(holding.competent),
        "delisted_chemicals": gone,
        "unknown_chemicals": [name for name in unresolved if name not in gone and not names.will_be_listed(name)],
        "legal_person": firm.legal_person_masked,
        "phone": firm.phone_masked,
        "licence_expires_soon": expires_soon(firm.licence_valid_to, work.today),
        "next_steps": next_steps(MACHINE, firm.state, work.principal),
    }
    return FirmAnswer.model_validate({**values, **today})


async def read_firm(work: Work, firm_id: UUID) -> Firm:
    """One firm. Raises FirmNotFound, Forbidden."""
    return policy.may_see(work.principal, await repository.firm(work.session, firm_id))


async def open_contacts(work: Work, firm_id: UUID) -> Contacts:
    """Legal person and phone in clear: an act of its own, audited as such. Raises FirmNotFound, Forbidden."""
    firm = await read_firm(work, firm_id)
    await work.note("firm.open_contacts", "firm", firm.id)
    return Contacts(
        legal_person=work.sealer.open(firm.legal_person_sealed, "firm", "legal_person", str(firm.id)) if firm.legal_person_sealed else None,
        phone=work.sealer.open(firm.phone_sealed, "firm", "phone", str(firm.id)) if firm.phone_sealed else None,
    )


async def history_of(work: Work, firm_id: UUID) -> Sequence[FirmChange]:
    """What was changed about a firm, newest first. Raises FirmNotFound, Forbidden."""
    await read_firm(work, firm_id)
    return await repository.history_of(work.session, firm_id)


async def register_firm(work: Work, new: NewFirm) -> Firm:
    """Register a firm. Raises FirmExists, Forbidden, Invalid for a chemical that no catalogue names."""
    policy.may_reach(work.principal, new.division_code)
    check_division(work, new.division_code)
    if await repository.firms_by_uscc(work.session, [new.uscc]):
        raise FirmExists
    firm = Firm(
        kind=new.kind,
        lines=sorted({new.kind, *new.lines}),
        uscc=new.uscc,
        name=new.name,
        division_code=new.division_code,
        activities=sorted(set(new.activities)),
        open_check=new.open_check,
        real_name=new.real_name,
        xray=new.xray,
        licence_no=new.licence_no,
        licence_valid_to=new.licence_valid_to,
        risk_class=new.risk_class,
        created_at=work.now,
        updated_at=work.now,
    )
    await set_chemicals(work, firm, new.chemicals)
    seal_people(work, firm, legal_person=new.legal_person, phone=new.phone)
    await repository.add_all(work.session, [firm])
    first = FirmStep(
        object_id=firm.id,
        event="register",
        from_state=START,
        to_state=firm.state,
        happened_on=work.today,
        source=declared(MACHINE, START, "register").source,
        recorded_by=work.principal.staff_id or work.principal.subject,
        recorded_at=work.now,
    )
    await repository.add_all(work.session, [change(work, firm, "entry", {}, shown(firm), "登记"), first])
    await work.note("firm.register", "firm", firm.id)
    return firm


async def amend_firm(work: Work, firm_id: UUID, patch: FirmPatch, if_match: str | None) -> Firm:
    """Correct a firm's data. Raises FirmNotFound, Forbidden, VersionRequired, StaleVersion, Invalid."""
    firm = policy.may_see(work.principal, await repository.firm(work.session, firm_id, for_update=True))
    check_version(if_match, firm.version)
    given = {field: getattr(patch, field) for field in sorted(patch.model_fields_set - {"reason"})}
    for field, value in given.items():
        if value is None and field not in CLEARABLE:
            raise invalid(f"/{field}", "not_empty", "不能清空此项", "cannot be cleared")
    before, state = shown(firm), given.pop("state", None)
    if "division_code" in given:
        policy.may_reach(work.principal, given["division_code"])
        check_division(work, given["division_code"])
    if "chemicals" in given:
        await set_chemicals(work, firm, given.pop("chemicals"))
    if "activities" in given:
        firm.activities = sorted(set(given.pop("activities")))
    if "lines" in given:
        firm.lines = sorted({firm.kind, *given.pop("lines")})
    if given.keys() & {"legal_person", "phone"}:
        seal_people(work, firm, **{field: given.pop(field) for field in ("legal_person", "phone") if field in given})
    for field, value in given.items():
        setattr(firm, field, value)
    evaluate(firm, await names_on(work, work.today))
    if state is not None and state != firm.state:
        event = "close" if state == "closed" else "reopen"
        await take(work, MACHINE, firm, event, FirmStep, noted=("firm", firm.id, "firm"), reason=patch.reason)
        firm.version -= 1  # one amendment is one version, whatever it changes
    after = shown(firm)
    differences = {key for key in after if before[key] != after[key]}
    firm.version += 1
    firm.updated_at = work.now
    entry = change(work, firm, "entry", {key: before[key] for key in differences}, {key: after[key] for key in differences}, patch.reason)
    await repository.add_all(work.session, [entry])
    await work.note("firm.amend", "firm", firm.id, details={"fields": sorted(patch.model_fields_set - {"reason"})})
    return firm


async def note_inspection(work: Work, firm_id: UUID, day: date, result: str) -> None:
    """Keep the day and result of the last inspection on the firm."""
    firm = await repository.firm(work.session, firm_id, for_update=True)
    assert firm is not None
    if firm.last_inspected_on is not None and firm.last_inspected_on > day:
        return
    before = {"last_inspected_on": firm.last_inspected_on.isoformat() if firm.last_inspected_on else None, "last_result": firm.last_result}
    firm.last_inspected_on, firm.last_result = day, result
    firm.version += 1
    firm.updated_at = work.now
    entry = change(work, firm, "inspection", before, {"last_inspected_on": day.isoformat(), "last_result": result}, "")
    await repository.add_all(work.session, [entry])


async def warn_of_licences(work: Work) -> None:
    """Publish once for each licence that it ends soon (PCR art. 8-13: an expired licence is not valid)."""
    for firm in await repository.licences_to_warn_of(work.session, work.today):
        assert firm.licence_valid_to is not None
        firm.licence_warned_for = firm.licence_valid_to
        await work.publish(LicenceExpiring(division_code=firm.division_code, valid_to=firm.licence_valid_to), firm.id, firm.division_code)
        await work.note("firm.licence_expiring", "firm", firm.id)
    await work.session.flush()


def check_division(work: Work, division_code: str) -> None:
    """Raises Invalid when a code does not belong to the county that this house serves."""
    if len(division_code) != 12 or not Scope.of((work.house.county,)).reaches(division_code):
        raise invalid("/division_code", "town_unknown", "没有这个镇(便民服务中心)", "no such town or service centre")


async def objects_to_draw(work: Work, kind: str, day: date) -> list[tuple[Firm, Holding]]:
    """The directory of inspected objects: every active firm of a kind and what it holds, as the catalogue of a day has it."""
    return await with_holdings(work, await repository.active_firms(work.session, kind), day)


async def firms_of(work: Work, ids: Collection[UUID]) -> Sequence[Firm]:
    """These firms, wherever they are: for a draw over the whole county."""
    return await repository.firms_of(work.session, ids)


async def names_of(work: Work, ids: Collection[UUID]) -> dict[UUID, str]:
    """Id → name, for answers that show a firm beside its id."""
    return {firm.id: firm.name for firm in await repository.firms_of(work.session, ids)}


async def with_holdings(work: Work, found: Sequence[Firm], day: date) -> list[tuple[Firm, Holding]]:
    """Firms and what they hold, as the catalogue of a day has it."""
    names = await names_on(work, day)
    return [(firm, held_by(firm, names)) for firm in found]


def held_by(firm: Firm, names: Names) -> Holding:
    """What a firm holds by the catalogue of a day."""
    return holding_of(firm.chemicals, firm.stated_categories, firm.activities, names)


def evaluate(firm: Firm, names: Names) -> bool:
    """Bring a firm's classes and competent authorities to a day's list; whether something known before is different now."""
    holding = held_by(firm, names)
    before = (firm.categories, firm.competent)
    firm.categories, firm.competent = list(holding.categories), list(holding.competent)
    return before[0] != firm.categories or (before[1] is not None and before[1] != firm.competent)


async def follow_catalogue(work: Work) -> int:
    """Bring every active firm to the list of today, with a line in its history and an event where that changes it; how many changed.

    The answers, filters and draws read the list of the day themselves; this job informs other readers. It may run at any time, also repeatedly.
    """
    names, after, changed = await names_on(work, work.today), None, 0
    while rows := await repository.firms_to_evaluate(work.session, after, EVALUATED_AT_ONCE):
        after, history = rows[-1].id, []
        for firm in rows:
            before = shown(firm)
            if not evaluate(firm, names):
                continue
            firm.version += 1
            firm.updated_at = work.now
            different = {key for key, value in shown(firm).items() if before[key] != value}
            old, new = {key: before[key] for key in different}, {key: shown(firm)[key] for key in different}
            history.append(change(work, firm, "catalogue", old, new, "品种目录调整"))
            told = FirmReclassified(
                division_code=firm.division_code, on_day=work.today, categories=firm.categories, competent=firm.competent or []
            )
            await work.publish(told, firm.id, firm.division_code)
        changed += len(history)
        await repository.add_all(work.session, history)
    if changed:
        await work.note("firm.follow_catalogue", "firm", details={"changed": changed})
    return changed


async def set_chemicals(work: Work, firm: Firm, names: Sequence[str]) -> None:
    """Name the firm's chemicals as the catalogue does, keep the words that were used, and derive classes and authorities.

    A salt, a preparation or a mixture is taken for its entries. Raises Invalid for an unknown word, with suggestions.
    """
    catalogue = await names_on(work, work.today)
    for position, name in enumerate(names):
        if catalogue.resolve(name) is None and not catalogue.will_be_listed(name):
            raise _unknown(catalogue, position, name)
    firm.chemicals = listed_names(names, catalogue)
    firm.stated_chemicals = list(names)
    firm.stated_categories = []
    evaluate(firm, catalogue)


def _unknown(catalogue: Names, position: int, name: str) -> Exception:
    if catalogue.was_listed(name):
        return invalid(f"/chemicals/{position}", "chemical_delisted", "该品种已调出目录", "this chemical has left the list")
    meant = "、".join(entry.name_zh for entry in catalogue.suggestions(name))
    zh = "品种目录中没有此化学品" + (f",是否为: {meant}" if meant else "")
    return invalid(
        f"/chemicals/{position}", "chemical_unknown", zh, "the catalogue has no such chemical" + (f"; meant: {meant}?" if meant else "")
    )


def seal_people(work: Work, firm: Firm, **people: str | None) -> None:
    """Seal `legal_person=` and `phone=`, as given; None clears."""
    for field, value in people.items():
        setattr(firm, f"{field}_sealed", work.sealer.seal(value, "firm", field, str(firm.id)) if value else None)
        shown_as = None if not value else masked_name(value) if field == "legal_person" else masked(value, 3, 2)
        setattr(firm, f"{field}_masked", shown_as)


def change(work: Work, firm: Firm, source: str, before: dict[str, Any], after: dict[str, Any], reason: str) -> FirmChange:
    """A line of a firm's history."""
    return FirmChange(
        firm_id=firm.id, source=source, before=before, after=after, reason=reason, recorded_by=work.principal.subject, recorded_at=work.now
    )


SHOWN = (
    "name",
    "kind",
    "lines",
    "division_code",
    "chemicals",
    "categories",
    "competent",
    "activities",
    "open_check",
    "real_name",
    "xray",
    "licence_no",
    "licence_valid_to",
    "risk_class",
    "last_inspected_on",
    "last_result",
    "state",
)


def shown(firm: Firm) -> dict[str, Any]:
    """A firm as its history may show it: people masked."""
    values: dict[str, Any] = {field: getattr(firm, field) for field in SHOWN}
    for field, value in values.items():
        if isinstance(value, date):
            values[field] = value.isoformat()
    return {**values, "legal_person": firm.legal_person_masked, "phone": firm.phone_masked}
