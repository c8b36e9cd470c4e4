"""Pure rules of people: names for searching, the standing of a day, who still counts."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args

from kit.steps.machine import START, Machine, step

Status = Literal[
    "community_treatment",
    "community_rehabilitation",
    "compulsory_isolation_treatment",
    "voluntary_treatment",
    "maintenance_treatment",
    "detained",
    "in_society",
    "three_years_clean",
    "dead",
    "abroad",
    "transferred_out",
    "erroneous",
]
STATUSES: tuple[Status, ...] = get_args(Status)

Drug = Literal[
    "heroin",
    "meth",
    "magu",
    "ketamine",
    "cannabis",
    "syncan",
    "opium",
    "morphine",
    "mdma",
    "cocaine",
    "etomidate",
    "methcathinone",
    "pethidine",
    "triazolam",
    "ghb",
    "tramadol",
    "cough_syrup",
    "caffeine",
    "fentanyl",
    "other",
]
DRUGS: tuple[Drug, ...] = get_args(Drug)
"""What somebody used, in the words of the ledgers (`ledgers/words.toml`); `other` for what the list does not have."""


def known_drugs(written: Iterable[str]) -> tuple[list[Drug], list[str]]:
    """What is registered, as words of the list and, apart, as free text: earlier versions took any text by hand, and nothing of it is lost."""
    texts = sorted(set(written))
    return [drug for drug in DRUGS if drug in texts], [text for text in texts if text not in DRUGS]


"""Registered standing. `in_society`: not under a measure and not yet three years clean; `erroneous`: registered by mistake, counts nowhere."""

RecordState = Literal["open", "closed"]
RECORD_STATES: tuple[RecordState, ...] = get_args(RecordState)


CURRENT = frozenset(
    {
        "community_treatment",
        "community_rehabilitation",
        "compulsory_isolation_treatment",
        "detained",
        "maintenance_treatment",
        "voluntary_treatment",
        "in_society",
    }
)
"""Standings that count as current users (现有吸毒人员, domain glossary)."""

NOT_MANAGED = frozenset({"transferred_out", "erroneous"})
"""Standings that leave the managed total (管控总数)."""

ENDS_SUPERVISION = frozenset({"three_years_clean", "dead", "transferred_out", "erroneous"})
"""Nothing is owed and nothing is collected any more (DRR art. 7; domain 2.5)."""

DEAD_END = frozenset({"dead", "erroneous"})
"""No standing follows these, except by a correction."""

TREATMENT = "maintenance_treatment"
"""The standing that is health data: a social worker sees a support flag instead (domain 11.1; PIPL art. 28)."""


def without_treatment(values: Mapping[str, object]) -> dict[str, object]:
    """What a history shows to those who may not know of maintenance treatment."""
    return {name: None if value == TREATMENT else value for name, value in values.items()}


_WRITERS = ("county_officer", "town_officer")
_OFFICE = ("county_officer",)
_ANYTHING = "name|village_code|phone|address|drugs reason"
_NEW = "id_number name division_code status status_since"

RECORD = Machine(
    "registry.person.state",
    RECORD_STATES,
    (
        step("register", START, "open", "NCL art. 32; DRR art. 4", "登记", "register", roles=_WRITERS, needs=_NEW),
        step("amend", "open", "open", "PIPL art. 46", "更正信息", "amend", roles=_WRITERS, needs=_ANYTHING),
        step("move", "open", "open", "DRR art. 22", "变更管控镇", "move", roles=_WRITERS, needs="division_code reason"),
        step("standing", "open", "open", "DRR art. 4, 7", "登记状态", "record a standing", roles=_WRITERS, needs="status since reason"),
        step(
            "standing",
            "closed",
            "open closed",
            "PIPL art. 46; DRR art. 7",
            "更正登记状态",
            "correct a standing",
            roles=_OFFICE,
            needs="status since reason",
        ),
        step("transfer_out", "open", "open", "DRR art. 22; domain 6", "移交外地", "transfer out"),
        step("transfer_out", "closed", "closed", "DRR art. 22; domain 6", "移交外地", "transfer out"),
        step("close", "open", "closed", "DRR art. 7; domain 2.5", "封存", "close"),
    ),
)
"""The record of a person: it closes with supervision, and opens again when what closed it was a mistake or a new finding followed."""

ACTIONS = {
    "register": "registered",
    "amend": "amended",
    "move": "moved",
    "standing": "standing",
    "transfer_out": "transferred_out",
    "close": "closed",
}
"""Step → the word of the history."""


def record_state(state: str, status: str) -> str:
    """The state of a record once this standing holds: a closed one opens again when supervision goes on; it closes with the measures' end, not here."""
    return "open" if status not in ENDS_SUPERVISION else state


_DOTS = "•‧・・"


@dataclass(frozen=True, slots=True)
class DatedStanding:
    """A standing with its day and the moment of its recording."""

    status: str
    since: date
    recorded: int


def folded_name(name: str) -> str:
    """A name as it is compared: inner blanks removed, middle dots made one (U+00B7). CJK compatibility ideographs stay as they are."""
    kept = "".join(character for character in name if not character.isspace() and unicodedata.category(character) != "Cf")
    return "".join("·" if character in _DOTS else character for character in kept)


def standing_on(history: Iterable[DatedStanding], day: date) -> DatedStanding | None:
    """The standing that holds on a day: the latest `since` on or before it; for equal days the one recorded last."""
    past = [entry for entry in history if entry.since <= day]
    return max(past, key=lambda entry: (entry.since, entry.recorded), default=None)
