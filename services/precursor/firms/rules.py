"""Rules of firms: pure, standard library only."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, get_args

from kit.steps.machine import START, Machine, step
from services.precursor.catalogue.rules.names import Entry, Names
from services.precursor.catalogue.rules.organs import Authority, organs_of

Kind = Literal["chemical", "courier"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""What a firm is inspected as: a handler of precursors (PCR art. 32), a courier (快递暂行条例 art. 5). A firm may be both."""

Activity = Literal["produce", "trade", "buy", "use", "transport", "import_export"]
ACTIVITIES: tuple[Activity, ...] = get_args(Activity)

RiskClass = Literal["A", "B", "C", "D"]
RISK_CLASSES: tuple[RiskClass, ...] = get_args(RiskClass)

FirmState = Literal["active", "closed"]
STATES: tuple[FirmState, ...] = get_args(FirmState)

_KEEPER = ("county_officer",)
MACHINE = Machine(
    "precursor.firm.state",
    STATES,
    [
        step(
            "register",
            START,
            "active",
            "PCR art. 32",
            "登记",
            "register",
            roles=_KEEPER,
            needs="kind uscc name division_code",
        ),
        step(
            "close",
            "active",
            "closed",
            "General Office of the State Council (2015) no. 58",
            "注销",
            "close",
            roles=_KEEPER,
            needs="state reason",
        ),
        step(
            "reopen",
            "closed",
            "active",
            "General Office of the State Council (2015) no. 58",
            "恢复",
            "reopen",
            roles=_KEEPER,
            needs="state reason",
        ),
    ],
)
"""The directory of inspected objects is kept current: a firm that has closed leaves it with a reason, and may return."""

Result = Literal["pass", "rectify"]
RESULTS: tuple[Result, ...] = get_args(Result)

LEDGER_ACTIVITIES: Mapping[str, str] = {
    "MAKE": "produce",
    "SELL": "trade",
    "BUY": "buy",
    "USE": "use",
    "CARRY": "transport",
    "TRADE_ABROAD": "import_export",
}
"""A ledger's word for what a firm does → ours (PCR art. 2)."""


@dataclass(frozen=True, slots=True)
class Holding:
    """What a firm holds on one day, by the catalogue of that day; it decides which authority has power over the firm (易制毒化学品管理条例
    art. 7-27).
    """

    class_1: bool
    pharmaceutical: bool
    """It holds a pharmaceutical precursor (药品类)."""
    other: bool
    """It holds something else, or nothing is known of what it holds."""
    activities: frozenset[str] = frozenset()
    categories: tuple[int, ...] = ()
    competent: tuple[Authority, ...] = ()
    """Every organ that licenses, files or permits what this firm does with what it holds."""
    controlled: bool = True
    """False when all its known chemicals have left the list."""


def holding_of(names: Iterable[str], stated: Iterable[int], activities: Iterable[str], catalogue: Names) -> Holding:
    """What a firm holds, by the words for its chemicals and the classes that its ledger states beside them.

    A word that the list does not know counts as held, because a person has to decide; a word that has left the list does not. Pharmaceutical
    precursors all stand in class 1 (annex), so a stated class 2 or 3 is something else.
    """
    entries: dict[str, Entry] = {}
    unknown, words = False, list(names)
    for word in words:
        meant = catalogue.resolve(word)
        if meant is not None:
            entries |= {entry.name_zh: entry for entry in meant.entries}
        else:
            unknown = unknown or not (catalogue.was_listed(word) or catalogue.will_be_listed(word))
    more = {category for category in stated if category in (1, 2, 3)}
    doing = frozenset(activities)
    return Holding(
        class_1=1 in more or any(entry.category == 1 for entry in entries.values()),
        pharmaceutical=any(entry.subtype == "pharmaceutical" for entry in entries.values()),
        other=not words or unknown or bool(more - {1}) or any(entry.subtype != "pharmaceutical" for entry in entries.values()),
        activities=doing,
        categories=tuple(sorted(more | {entry.category for entry in entries.values()})),
        competent=tuple(organs_of(entries.values(), doing)),
        controlled=not words or unknown or bool(more) or bool(entries),
    )


def stated_beyond(categories: Iterable[int], names: Iterable[str], catalogue: Names) -> list[int]:
    """Classes that a ledger states and that no chemical in its row explains on that day: kept as the ledger's own word, because neither of
    the two overrides the other.

    A class that a chemical explains is not kept: when the list reclassifies the chemical, the firm follows.
    """
    explained = {entry.category for name in names if (meant := catalogue.resolve(name)) for entry in meant.entries}
    return sorted({category for category in categories if category in (1, 2, 3)} - explained)


def listed_names(names: Iterable[str], catalogue: Names) -> list[str]:
    """The names of the list for the words of a form or ledger, sorted; an unknown word stays as written."""
    found: set[str] = set()
    for name in names:
        meant = catalogue.resolve(name)
        found |= {entry.name_zh for entry in meant.entries} if meant else {name}
    return sorted(found)


WARN_DAYS = 30
"""So many days before a licence ends, the firm's file shows it. DEFAULT: a purchase permit takes up to 10 days, a trade licence 30 (art. 10, 15)."""


_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


def is_organisation_code(code: str) -> bool:
    """Whether nine characters are an organisation code with its check character (GB 11714-1997): eight weighted, 11 minus the remainder of 11; 10 is X."""
    total = sum(int(character, 36) * weight for character, weight in zip(code, _WEIGHTS, strict=False))
    return len(code) == 9 and code[8] == "0123456789X0"[11 - total % 11]


def activity_of(word: str) -> str | None:
    """Our word for a ledger's; our own words are taken as they are; None when unknown."""
    ours = LEDGER_ACTIVITIES.get(word.upper(), word.lower())
    return ours if ours in LEDGER_ACTIVITIES.values() else None


def tidied_code(text: str) -> str:
    """A unified social credit code as it is compared: one width (NFKC), capitals, without the blanks and dashes that people put between its groups."""
    return re.sub(r"[\s\-\u2010-\u2015\u200b-\u200d\ufeff]", "", unicodedata.normalize("NFKC", text)).upper()


def expires_soon(valid_to: date | None, today: date) -> bool:
    """Whether a licence ends within WARN_DAYS, or has ended."""
    return valid_to is not None and valid_to <= today + timedelta(days=WARN_DAYS)


def masked_name(name: str) -> str:
    """`李*`: the surname stays."""
    return name[:1] + "*" * (len(name) - 1)
