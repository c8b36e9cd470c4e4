"""Taking firms over from ledgers: set-based, idempotent by unified social credit code, with every difference told.

The caller has read the workbook and decided what is accepted; here a row either finds its firm or makes one. What a ledger leaves empty stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from pydantic import ValidationError

from kit.schemas import Day, DivisionCode, Message, ShortText
from kit.work import Work
from services.precursor.catalogue.rules.names import Names
from services.precursor.catalogue.service import names_on
from services.precursor.firms import repository, service
from services.precursor.firms.policy import may_take_over
from services.precursor.firms.rules import activity_of, listed_names, stated_beyond
from services.precursor.firms.schemas import Phone, Uscc
from services.precursor.firms.tables import Firm, FirmChange
from services.precursor.ledger_results import newer, result_of


class FirmRow(Message):
    """One accepted row of a firm ledger (易制毒化学品企业台账, 寄递物流企业检查台账), in the ledger's words."""

    company_name: ShortText
    uscc: Uscc
    town_code: DivisionCode
    chemicals: list[ShortText] = []
    categories: list[Literal[1, 2, 3]] = []
    activity: ShortText | None = None
    legal_person: ShortText | None = None
    phone: Phone | None = None
    inspected_on: Day | None = None
    inspection_result: ShortText | None = None
    open_check: bool | None = None
    real_name: bool | None = None
    xray: bool | None = None


@dataclass(frozen=True, slots=True)
class RowProblem:
    """A row that was not taken over, or taken with a doubt: its position in `rows`, the field and a code."""

    row: int
    field: str
    code: str


@dataclass(slots=True)
class Takeover:
    """What a takeover did. `differences`: code → {field: [before, after]}, people masked."""

    created: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    differences: dict[str, dict[str, list[Any]]] = field(default_factory=dict)
    problems: list[RowProblem] = field(default_factory=list)
    ids: dict[str, UUID] = field(default_factory=dict)


async def take_over_firms(work: Work, rows: Sequence[dict[str, Any]], kind: str = "chemical", source: str = "ledger") -> Takeover:
    """Bring ledger rows into the register. The same rows again change nothing; a row that is not valid is told and left out.

    A firm of the other ledger's kind is told (`kind_differs`) and is inspected as both from then on, under the name that it has; one that was closed, or belongs to a town that the caller does not reach, is left as it is (`county_decides`). A chemical that the catalogue does not name is kept as written and told (`chemical_unknown`); an inspection older than the known one is ignored.
    """
    result = Takeover()
    accepted = _readable(rows, work.house.county, result)
    known_firms = await repository.firms_by_uscc(work.session, [row.uscc for _, row in accepted])
    catalogue = await names_on(work, work.today)
    new: list[Firm] = []
    history: list[FirmChange] = []
    for position, row in accepted:
        firm = known_firms.get(row.uscc)
        if not may_take_over(work.principal, firm, row.town_code):
            result.problems.append(RowProblem(position, "uscc", "county_decides"))
            continue
        if firm is not None and kind not in firm.lines:  # it is inspected as both from now on; which name it bears, a person decides
            result.problems.append(RowProblem(position, "uscc", "kind_differs"))
        before = service.shown(firm) if firm is not None else {}
        if firm is None:
            firm = Firm(
                kind=kind,
                lines=[kind],
                uscc=row.uscc,
                name=row.company_name,
                division_code=row.town_code,
                created_at=work.now,
                updated_at=work.now,
            )
            known_firms[row.uscc] = firm
            new.append(firm)
        _apply(work, firm, position, row, kind, catalogue, result)
        after = service.shown(firm)
        result.ids[row.uscc] = firm.id
        differences = {key: [before.get(key), value] for key, value in after.items() if before.get(key) != value}
        if not before:
            result.created.append(row.uscc)
        elif not differences:
            result.unchanged.append(row.uscc)
            continue
        else:
            result.changed.append(row.uscc)
            result.differences[row.uscc] = differences
            firm.version += 1
            firm.updated_at = work.now
        old, fresh = {key: pair[0] for key, pair in differences.items()}, {key: pair[1] for key, pair in differences.items()}
        history.append(service.change(work, firm, source, old, fresh, ""))
    await repository.add_all(work.session, new)
    await repository.add_all(work.session, history)
    touched = [str(result.ids[code]) for code in (*result.created, *result.changed)]
    if touched:
        counts = {"created": len(result.created), "changed": len(result.changed), "unchanged": len(result.unchanged)}
        await work.note("firm.take_over", "firm", *touched, details=counts)
    return result


def _readable(rows: Iterable[dict[str, Any]], county: str, result: Takeover) -> list[tuple[int, FirmRow]]:
    accepted: list[tuple[int, FirmRow]] = []
    seen: set[str] = set()
    for position, values in enumerate(rows):
        try:
            row = FirmRow.model_validate(values)
        except ValidationError as error:
            for item in error.errors():
                place = str(item["loc"][0]) if item["loc"] else ""
                result.problems.append(RowProblem(position, place, "uscc_invalid" if place == "uscc" else str(item["type"])))
            continue
        if row.uscc in seen:
            result.problems.append(RowProblem(position, "uscc", "duplicate_in_file"))
            continue
        if len(row.town_code) != 12 or not row.town_code.startswith(county):
            result.problems.append(RowProblem(position, "town_code", "town_unknown"))
            continue
        seen.add(row.uscc)
        accepted.append((position, row))
    return accepted


def _apply(work: Work, firm: Firm, position: int, row: FirmRow, kind: str, catalogue: Names, result: Takeover) -> None:
    if firm.kind == kind:
        firm.name, firm.division_code = row.company_name, row.town_code
    firm.lines = sorted({*firm.lines, kind})
    for name in row.chemicals:
        if catalogue.resolve(name) is None:
            result.problems.append(RowProblem(position, "chemicals", "chemical_unknown"))
    if row.chemicals or row.categories:
        firm.chemicals = listed_names(row.chemicals, catalogue)
        firm.stated_chemicals = list(row.chemicals)
        firm.stated_categories = stated_beyond(row.categories, row.chemicals, catalogue)
    if row.activity:
        activity = activity_of(row.activity)
        if activity is None:
            result.problems.append(RowProblem(position, "activity", "activity_unknown"))
        elif activity not in firm.activities:
            firm.activities = sorted({*firm.activities, activity})
    for flag in ("open_check", "real_name", "xray"):
        if getattr(row, flag) is not None:
            setattr(firm, flag, getattr(row, flag))
    service.evaluate(firm, catalogue)
    _people(work, firm, row)
    if newer(firm.last_inspected_on, row.inspected_on):
        firm.last_inspected_on = row.inspected_on
        firm.last_result = result_of(row.inspection_result) if row.inspection_result else None


def _people(work: Work, firm: Firm, row: FirmRow) -> None:
    """Seal again only what differs: the same file must not change a row."""
    for name, told in (("legal_person", row.legal_person), ("phone", row.phone)):
        sealed = getattr(firm, f"{name}_sealed")
        if told and (sealed is None or work.sealer.open(sealed, "firm", name, str(firm.id)) != told):
            service.seal_people(work, firm, **{name: told})
