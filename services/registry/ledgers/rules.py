"""Pure rules of ledgers: the meaning of their words here, which fields contradict each other, and which side is newer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, get_args

from kit.intake.rules import import_machine
from kit.steps.machine import START, Machine, step
from services.registry.measures.intake import WITH_MEASURE

IMPORT = import_machine("registry.ledger_import.state")
"""The life of an import: the same as in every service."""


ConflictSource = Literal["ledger", "register"]


ConflictState = Literal["open", "decided"]
STATES: tuple[ConflictState, ...] = get_args(ConflictState)


CONFLICT = Machine(
    "registry.ledger_conflict.state",
    STATES,
    (
        step("find", START, "open", "PIPL art. 46; domain 12", "发现矛盾", "find"),
        step("carry_over", START, "decided", "PIPL art. 46; domain 12", "随另一台账的决定", "carry over the decision of the other ledger"),
        step(
            "decide",
            "open decided",
            "decided",
            "PIPL art. 46; domain 12",
            "决定",
            "decide",
            roles=("county_officer", "town_officer"),
            needs="choice reason",
            duty=True,
        ),
        step("reopen", "decided", "open", "PIPL art. 46; domain 12", "重新待定", "reopen"),
    ),
)
"""A contradiction waits for a person; what was decided and cannot be written waits again."""


Choice = Literal["keep", "take"]
CHOICES: tuple[Choice, ...] = get_args(Choice)


STATUS_BEFORE = {
    "CD": "community_treatment",
    "CR": "community_rehabilitation",
    "CID": "compulsory_isolation_treatment",
    "VD": "voluntary_treatment",
    "MMT": "maintenance_treatment",
    "PRI": "detained",
    "SOC": "in_society",
    "C3": "three_years_clean",
    "DEAD": "dead",
    "ABROAD": "abroad",
}
"""Words by which earlier versions kept what a ledger says, in rows that are sealed → the registered standing, as words.toml names it now."""

TIER_BEFORE = {"HIGH": "high", "MEDIUM": "medium", "LOW": "low"}
GONE = ("dead", "erroneous", "transferred_out")
"""A person with these standings has left this register, whatever the record's state."""
Compared = Literal["name", "town_code", "village_code", "phone", "address", "drugs", "status", "status_date"]
COMPARED: tuple[Compared, ...] = get_args(Compared)
NO_GROUND = frozenset({"three_years_clean", "in_society"})
"""Standings of ledgers that say that no measure runs any more, which a word in a list cannot bring about before its term: three clean years end on
their own day (DRR art. 7). A death is a fact (T17), a hand-over has its letter (DRR art. 22), and a ledger has no word for a revocation (T18)."""

MEASURE_NAMES = {
    "community_treatment": ("社区戒毒", "community treatment"),
    "community_rehabilitation": ("社区康复", "community rehabilitation"),
    "compulsory_isolation_treatment": ("强制隔离戒毒", "compulsory isolation treatment"),
}
MEASURE_RUNS = "MEASURE_RUNS"
MEASURE_RUNS_MESSAGE = (
    "登记册中此人的{measure_zh}{end_zh},法律没有提前解除(禁毒法第33条,戒毒条例第14、23条),不能凭台账按戒断三年办结或登记为社会面;措施登记有误的,先更正措施",
    "The register has {measure_en} of this person {end_en}; the law knows no early discharge (NCL art. 33; DRR art. 14, 23), so neither three clean years "
    "nor a life in society in a ledger end it. If the measure is recorded wrongly, correct the measure first",
)
"""What MEASURE_RUNS says, with the arguments of `running_measure`."""

CLEAN_TOO_EARLY = "CLEAN_TOO_EARLY"
CLEAN_TOO_EARLY_MESSAGE = (
    "不能按戒断三年办结:{why_zh}(戒毒条例第7条)",
    "Three clean years cannot be registered: {why_en}",
)
"""What CLEAN_TOO_EARLY says, with the reason that measures.rules.standing gives."""

PERSONAL_FIELDS = frozenset({"phone", "address"})
"""Shown masked in lists of conflicts."""

OTHER_SIDE = {"take": "keep", "keep": "take"}
"""The same decision, seen from the other ledger."""

NO_DAY = "台账未写明状态日期,按台账截止日登记"
ONLY_MONTH = "台账只写年月,按当月一日登记"
RULE = "状态日期较晚的一方更可能是新情况(仅供参考,由人决定)"


@dataclass(frozen=True, slots=True)
class Facts:
    """What one source says about a person; None where it says nothing. `since` without `exact` is a month or an assumption."""

    name: str | None = None
    town_code: str | None = None
    village_code: str | None = None
    phone: str | None = None
    address: str | None = None
    drugs: tuple[str, ...] = ()
    status: str | None = None
    since: date | None = None
    exact: bool = False
    month: bool = False
    """Only year and month of `since` are known."""


def since_of(text: str | None, as_of: date) -> tuple[date, bool, str]:
    """(day, whether only its month is known, why it was assumed) of a ledger's date: a month counts from its first day, a year or nothing from `as_of`."""
    if text is None:
        return as_of, False, NO_DAY
    if len(text) == 7:
        return date.fromisoformat(text + "-01"), True, ONLY_MONTH
    if len(text) == 4:  # no month is made up
        return as_of, False, NO_DAY
    return date.fromisoformat(text), False, ""


def standing_of(record: Mapping[str, Any]) -> str | None:
    """The standing that a row names."""
    word = record.get("status")
    return STATUS_BEFORE.get(word, word) if word else None


def day_of(text: str | None) -> date | None:
    """A day that the ledger writes whole."""
    return date.fromisoformat(text) if text and len(text) == 10 else None


def days_missing(kind: str, record: Mapping[str, Any]) -> list[str]:
    """The fields without the day that a row of this kind needs: three clean years begin and end with a month at least; a hand-over ends measures on its very
    day (DRR art. 22); a visit was on a day.
    """
    if kind == "clean3":
        return [] if len(record.get("confirmed_on") or "") in (7, 10) else ["confirmed_on"]
    if kind == "transfer":
        return [] if day_of(record.get("handover_date")) else ["handover_date"]
    return [name for name in ("round1", "round2") if kind == "visit" and record.get(name) and day_of(record[name]) is None]


def ledger_facts(record: Mapping[str, Any], as_of: date) -> Facts:
    """A row of a person ledger as facts."""
    text = record.get("status_date")
    since, month, _ = since_of(text, as_of)
    return Facts(
        name=record.get("name"),
        town_code=record.get("town_code"),
        village_code=record.get("village_code"),
        phone=record.get("phone"),
        address=record.get("address"),
        drugs=tuple(sorted(drug.lower() for drug in record.get("drugs") or ())),
        status=standing_of(record),
        since=since if text and len(text) > len("2021") else None,
        exact=day_of(text) is not None,
        month=month,
    )


def running_measure(measure: Mapping[Any, Any]) -> dict[str, str]:
    """The arguments of MEASURE_RUNS: which measure, and its lawful end as far as it has one."""
    zh, en = MEASURE_NAMES[measure["kind"]]
    end = measure["term_end"]
    return {
        "measure": str(measure["id"]),
        "measure_zh": zh,
        "measure_en": en,
        "end": end.isoformat() if end else "",
        "end_zh": f"尚在执行,{end}期满" if end else "尚未起算期限",
        "end_en": f"running until {end}" if end else "whose term has not begun",
    }


def start_unknown(facts: Facts, registered: str | None) -> bool:
    """Whether a row would make the register show a standing from a day that no source names: the start of a standing, a term or an end is
    never invented.

    `registered`: the standing that the register shows; the same one again begins nothing. A measure's term is counted from its day (DRR art. 14, 38), so a
    month alone does not begin one.
    """
    if facts.status is None or facts.status == registered:
        return False
    return facts.since is None or (facts.status in WITH_MEASURE and not facts.exact)


def is_correction(status: str, since: date, registered: str, registered_since: date | None) -> bool:
    """Whether a standing would take the place of the registered one, rather than follow it."""
    return status == registered or (registered_since is not None and since <= registered_since)


def contradictions(ours: Facts, theirs: Facts) -> list[str]:
    """Fields of COMPARED on which both say something and not the same.

    A standing's day contradicts only when both are exact, or lie in different months; with different standings the day belongs to the standing.
    """
    found = [
        name
        for name in ("name", "town_code", "village_code", "phone", "address", "drugs")
        if getattr(ours, name) and getattr(theirs, name) and getattr(ours, name) != getattr(theirs, name)
    ]
    if ours.status and theirs.status and ours.status != theirs.status:
        found.append("status")
    elif ours.since and theirs.since and _apart(ours, theirs):
        found.append("status_date")
    return found


def _apart(ours: Facts, theirs: Facts) -> bool:
    assert ours.since is not None
    assert theirs.since is not None
    if ours.exact and theirs.exact:
        return ours.since != theirs.since
    if (ours.exact or ours.month) and (theirs.exact or theirs.month):
        return (ours.since.year, ours.since.month) != (theirs.since.year, theirs.since.month)
    return False  # one side only assumed a day


def suggestion(ours: Facts, theirs: Facts) -> str | None:
    """`take` the ledger's value when its standing is of a later day, `keep` the other when that is later; None when the days do not tell (RULE)."""
    if not (ours.exact or ours.month) or not (theirs.exact or theirs.month) or ours.since is None or theirs.since is None:
        return None
    if ours.since == theirs.since or not _apart(ours, theirs):
        return None
    return "take" if ours.since > theirs.since else "keep"


def value_of(facts: Facts, field: str) -> Any:
    """A side of a conflict, ready for JSON."""
    if field == "drugs":
        return list(facts.drugs)
    if field in ("status", "status_date"):
        return {"status": facts.status, "since": facts.since.isoformat() if facts.since else None, "month_only": facts.month}
    return getattr(facts, field)
