"""A ledger and the register call one thing by one word: what a cell is read as stands in the register's own list of codes."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from kit.sheets import Vocabulary
from kit.sheets.cells import RESULTS, Setting, parser_for
from services.precursor.codes import CODES as PRECURSOR
from services.registry.codes import CODES as REGISTRY
from services.registry.ledgers.rules import ledger_facts
from services.testing.codes import CODES as TESTING

ROOT = Path(__file__).parents[2] / "services"
CODES = {"registry": REGISTRY, "testing": TESTING, "precursor": PRECURSOR}
LIST_OF = {
    ("registry", "sex"): "sex",
    ("registry", "drugs"): "drug",
    ("registry", "status"): "standing.status",
    ("registry", "risk"): "tier",
    ("testing", "morphine"): "analyte_result.code",
    ("testing", "methamphetamine"): "analyte_result.code",
    ("testing", "ketamine"): "analyte_result.code",
    ("testing", "thc"): "analyte_result.code",
    ("testing", "opiate_other"): "analyte_result.code",
    ("testing", "result"): "analyte_result.code",
    ("precursor", "activity"): "activity",
    ("precursor", "inspection_result"): "last_result",
}
OTHERS = {("precursor", "activity", "store"): "not an act that a licence is for (PCR art. 2)"}
"""Words that no list of the service has, and why."""


def vocabulary(service: str) -> Vocabulary:
    """A service's words."""
    return Vocabulary.load(ROOT / service / "ledgers" / "words.toml")


def fields(service: str) -> dict[str, dict[str, Any]]:
    """Field → its options."""
    return {name: options for source in vocabulary(service).sources for name, options in source["fields"].items()}


def shouting() -> list[tuple[str, str, str]]:
    """Words of now that are spelled as no code of ours is."""
    return [
        (service, name, str(entry["value"]))
        for service in CODES
        for name, options in fields(service).items()
        for entry in options.get("values", ())
        if isinstance(entry["value"], str) and "was" in entry and not entry["value"].islower()
    ]


def test_what_a_cell_is_read_as_is_a_code_of_the_register() -> None:
    assert shouting() == []
    strange = {
        (service, name, entry["value"])
        for (service, name), listed in LIST_OF.items()
        if name in fields(service)
        for entry in fields(service)[name]["values"]
        if entry["value"] not in CODES[service][listed]
    }
    assert strange == OTHERS.keys()
    assert set(RESULTS) == TESTING["analyte_result.code"].keys()


@pytest.mark.parametrize(
    ("service", "kind", "field", "text", "word"),
    [
        ("registry", "person", "status", "美沙酮门诊", "maintenance_treatment"),
        ("registry", "person", "sex", "女", "female"),
        ("registry", "person", "status", "CD", "community_treatment"),
        ("registry", "visit", "risk", "黄色", "medium"),
        ("testing", "urine", "ketamine", "阳", "positive"),
        ("precursor", "company", "activity", "自用", "use"),
    ],
)
def test_a_cell_is_read_in_the_words_of_the_register(service: str, kind: str, field: str, text: str, word: str) -> None:
    """And a hand that types the word of an earlier version is still understood."""
    words = vocabulary(service)
    read = parser_for(words.kinds[kind].fields[field], words, Setting(dt.date(2021, 6, 30), demo=True, date1904=False))
    assert read(text) == (word, None)


def test_a_row_that_an_earlier_version_kept_is_shown_in_the_words_of_now() -> None:
    kept = {"name": "CD", "sex": "F", "drugs": ["METH", "meth"], "status": "C3", "risk": "LOW", "remark": None, "met": True}
    assert vocabulary("registry").renamed(kept) == {
        "name": "CD",
        "sex": "female",
        "drugs": ["meth", "meth"],
        "status": "three_years_clean",
        "risk": "low",
        "remark": None,
        "met": True,
    }
    hair = {"hair_result": {"result": "POS", "items": {"morphine": 0.3}, "unit": "ng/mg"}, "ketamine": "NEG"}
    assert vocabulary("testing").renamed(hair) == {"hair_result": {**hair["hair_result"], "result": "positive"}, "ketamine": "negative"}


@pytest.mark.parametrize(("kept", "standing"), [("C3", "three_years_clean"), ("detained", "detained"), (None, None)])
def test_both_words_are_one_standing(kept: str | None, standing: str | None) -> None:
    assert ledger_facts({"status": kept, "drugs": ["HEROIN"]}, dt.date(2021, 6, 30)).status == standing
