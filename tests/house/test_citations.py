"""Every citation in code resolves inside the repository: an article in docs/law.md, a section in the document that it names (law 12)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.citations import CITED, statutes
from tests.house.source import ROOT

DOCUMENTS = {"domain": "domain.md", "DESIGN": "design.md", "SECURITY": "security.md", "API.md": "api.md"}
_SECTION = re.compile(r"\b(domain|DESIGN|SECURITY|API\.md)(?: tables?| sections?| §)? ?((?:[0-9]+(?:\.[0-9]+)*(?:, | and )?)+)")
_LAW = re.compile(r"(?<![a-z] )\b(?:DESIGN )?laws? ((?:[0-9]+(?:, | and )?)+)")
_ELSEWHERE = re.compile(r"\b(PERFORMANCE|STACK|PEERS|STYLE) [0-9]")
_HEADING = re.compile(r"^#+ ([0-9]+(?:\.[0-9]+)*)", re.MULTILINE)


def texts(root: Path) -> Iterator[tuple[str, str]]:
    """Every file of the product that may cite."""
    for folder in ("kit", "services", "gateway", "deploy", "tests"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".py", ".csv", ".toml") and "tests/data" not in path.as_posix() and path.name != "test_citations.py":
                yield path.relative_to(root).as_posix(), path.read_text(encoding="utf-8-sig", errors="replace")


def articles(law: str) -> dict[str, set[str]]:
    """Statute → articles that docs/law.md tells."""
    found: dict[str, set[str]] = {}
    short = ""
    for line in law.splitlines():
        if line.startswith("## "):
            short = line[3:].strip()
        elif short in statutes() and (row := re.match(r"\| ([0-9]+|annex) \|", line)):
            found.setdefault(short, set()).add(row[1])
    return found


def sections(document: str) -> set[str]:
    """The numbers of a document's sections."""
    return set(_HEADING.findall(document))


def cited_articles(text: str) -> Iterator[tuple[str, str]]:
    """(Statute, article) pairs; a range cites both ends."""
    for match in CITED.finditer(text):
        short, numbers, annex, _ = match.groups()
        if annex:
            yield short, "annex"
        for one in re.finditer(r"([0-9]+)(?:-([0-9]+))?(?: §[0-9]+)?(?:\([0-9]+\))?", numbers or ""):
            yield from ((short, number) for number in one.groups() if number)


def missing(path: str, text: str, known: dict[str, set[str]], parts: dict[str, set[str]], laws: set[str]) -> list[str]:
    """Citations of one file that lead nowhere."""
    found = [
        f"{path}: {short} art. {number}"
        for short, number in cited_articles(text)
        if short in statutes() and number not in known.get(short, set())
    ]
    for match in _SECTION.finditer(text):
        numbers = re.findall(r"[0-9]+(?:\.[0-9]+)*", match[2])
        found += [f"{path}: {match[1]} {number}" for number in numbers if number not in parts[match[1]]]
    for match in _LAW.finditer(text):
        found += [f"{path}: law {number}" for number in re.findall("[0-9]+", match[1]) if number not in laws]
    return found + [f"{path}: {match[0]}" for match in _ELSEWHERE.finditer(text)]


@pytest.fixture(scope="module")
def shelf() -> tuple[dict[str, set[str]], dict[str, set[str]], set[str]]:
    """Articles, sections and laws that can be cited."""
    docs = ROOT / "docs"
    law = articles((docs / "law.md").read_text(encoding="utf-8"))
    parts = {name: sections((docs / file).read_text(encoding="utf-8")) for name, file in DOCUMENTS.items()}
    design = (docs / "design.md").read_text(encoding="utf-8")
    laws = set(re.findall(r"^([0-9]+)\. \*\*", design, re.MULTILINE))
    return law, parts, laws


def test_every_citation_leads_somewhere(shelf: tuple[dict[str, set[str]], dict[str, set[str]], set[str]]) -> None:
    found = [one for path, text in texts(ROOT) for one in missing(path, text, *shelf)]
    assert found == []


def test_many_articles_are_cited(shelf: tuple[dict[str, set[str]], dict[str, set[str]], set[str]]) -> None:
    cited = {pair for _, text in texts(ROOT) for pair in cited_articles(text)}
    assert len([pair for pair in cited if pair[0] in shelf[0]]) > 60


def test_the_law_bites(shelf: tuple[dict[str, set[str]], dict[str, set[str]], set[str]]) -> None:
    planted = 'source="DRR art. 14, 99"  # domain 2.5, domain 77.1, law 7, law 93, SECURITY 4.1, PERFORMANCE 2, DTP art. 8-98'
    assert missing("planted.py", planted, *shelf) == [
        "planted.py: DRR art. 99",
        "planted.py: DTP art. 98",
        "planted.py: domain 77.1",
        "planted.py: law 93",
        "planted.py: PERFORMANCE 2",
    ]
