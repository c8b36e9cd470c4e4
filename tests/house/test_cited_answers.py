"""Answers that cite the law say it in Chinese and English the same way, and no Chinese text keeps a citation in English."""

from __future__ import annotations

import ast
import csv
import importlib
import re
from collections.abc import Iterable, Iterator

from pydantic import BaseModel

from deploy.compose import ALL
from deploy.keys import SERVICES
from kit.citations import Cited, cite, statutes
from kit.schemas import Answer
from services.registry.indicators.rules import INDICATORS
from tests.house.floor_laws import machines_of
from tests.house.source import ROOT, Source, sources, strings
from tests.house.test_floor_laws import rules_of_nouns


def all_answers() -> Iterator[type[Answer]]:
    """Every answer of the composed house."""
    for name in ALL:
        importlib.import_module(f"services.{name}.app" if name in SERVICES else f"{name}.app")
    waiting = [Answer]
    while waiting:
        known = waiting.pop()
        waiting += known.__subclasses__()
        yield known


LEGAL = re.compile(r"^(legal_source|legal_basis|basis|law)$")
STORED = {"FormulaAnswer"}
"""Answers that stand in the published bytes of a bulletin: they stay as they were published."""


def uncited(answers: Iterable[type[BaseModel]]) -> list[str]:
    """Fields that tell a source of law as plain text, in a row of a history or by their name."""
    found = []
    for answer in answers:
        fields = answer.model_fields
        stepped = {"source"} if {"from_state", "source"} <= fields.keys() else set[str]()
        legal = [name for name in sorted(fields) if LEGAL.match(name) or name in stepped]
        found += [f"{answer.__name__}.{name}" for name in legal if "Citation" not in repr(fields[name].annotation)]
    return found


def test_every_answer_cites_the_law_in_both_languages() -> None:
    answers = [answer for answer in all_answers() if not answer.__module__.startswith("tests.") and answer.__name__ not in STORED]
    assert len(answers) > 100
    assert uncited(answers) == []


def test_the_law_of_citing_answers_bites() -> None:
    class Planted(Answer):
        basis: str
        from_state: str
        source: str
        legal_source: Cited

    assert uncited([Planted]) == ["Planted.basis", "Planted.source"]


def sources_of_law() -> Iterator[str]:
    """What answers cite: the sources of all steps, indicators and items of checklists."""
    for machine in machines_of(rules_of_nouns()).values():
        yield from (step.source for step in machine.steps)
    yield from (indicator.source for indicator in INDICATORS)
    for path in sorted((ROOT / "services").rglob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from (row["basis"] for row in csv.DictReader(file) if row.get("basis"))


def english_left(source: str) -> bool:
    """Whether a source, as Chinese readers see it, keeps English words, loses its articles, or has a part that says nothing."""
    shown = cite(source).zh
    empty = [part for part in shown.split(";") if not re.search("[\u4e00-\u9fff]", part)]
    return bool(empty) or re.search(r"[A-Za-z§]|[(\[] *[)\]]", shown) is not None


def test_what_is_cited_reads_as_chinese() -> None:
    cited = set(sources_of_law())
    assert len(cited) > 150
    assert [source for source in sorted(cited) if english_left(source)] == []


def test_the_law_of_chinese_citations_bites() -> None:
    assert english_left("local habit")
    assert english_left("domain 3.5; local law 5")
    assert not english_left("DRR art. 14; domain 2.5, row 7")


_IN_ENGLISH = re.compile(rf"\b({'|'.join(statutes())}),? (art|ch)\.|\bart\. ?[0-9]")


def mixed(files: Iterable[Source]) -> list[str]:
    """Chinese texts of code in which a citation stands as English. A remark about code (a string that nothing takes) is English and may name Chinese things."""
    found: list[str] = []
    for file in files:
        if file.path.startswith(("kit/", "services/", "gateway/")) and "/migrations/" not in file.path:
            remarks = {
                node.value.lineno for node in ast.walk(file.tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            }
            said = [(line, text) for line, text in strings(file.tree) if line not in remarks and re.search("[\u4e00-\u9fff]", text)]
            found += [f"{file.path}:{line}" for line, text in said if _IN_ENGLISH.search(text)]
    return found


def test_no_chinese_text_of_code_cites_in_english() -> None:
    assert mixed(sources()) == []


def test_the_law_of_mixed_texts_bites() -> None:
    assert mixed([Source("services/toys/toys/errors.py", 'zh = "依据 DRR art. 14"\nen = "by DRR art. 14"')]) == [
        "services/toys/toys/errors.py:1"
    ]
