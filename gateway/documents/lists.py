"""Every code list with its labels: those that the services hold, and those that follow from what they publish (problem types, orders of lists, faults of fields)."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gateway.documents import contract
from kit.app.problems import MESSAGES
from kit.codes import LISTED

Labels = dict[str, str]
Lists = dict[str, dict[str, Labels]]
SPELLED_AS_FAULTS = ("ledger.problem", "ledger.file_problem", "checkin.refusal")
"""Lists whose words also stand as the `code` of a field in a problem: a cell that is typed by hand, a file, a check-in."""
PROBLEMS_AS_FAULTS = (
    "approval-decided",
    "checklist-open",
    "draw-state",
    "draw-too-early",
    "draw-too-late",
    "draw-values-missing",
    "import-not-ready",
    "inspection-state",
    "ledger-conflict-not-found",
    "no-tier",
    "nothing-to-take-over",
    "own-request",
    "own-rights",
    "person-not-found",
    "person-not-registered",
    "second-person",
    "second-person-needed",
    "too-few-inspectors",
)
"""Problems by which a step is shown as blocked: the reason carries the name of the problem that would refuse it."""


def every_list(told: Mapping[str, Mapping[str, Any]]) -> Lists:
    """`<service>.<list>` → code → labels, from what each service tells (`kit.app.language_of_app`)."""
    found: Lists = {f"{service}.{name}": dict(entries) for service, one in sorted(told.items()) for name, entries in one["codes"].items()}
    problems = {slug: about for one in told.values() for slug, about in one["problems"].items()}
    found["gateway.problem_type"] = {f"/problems/{slug}": _labels(about) for slug, about in sorted(problems.items())}
    found["gateway.sort"] = {word: _order(word) for word in sorted(set(_orders(told)))}
    faults = {**_faults(), **{slug: _labels(problems[slug]) for slug in PROBLEMS_AS_FAULTS if slug in problems}}
    for name, entries in found.items():
        if name.partition(".")[2] in SPELLED_AS_FAULTS:
            for code, labels in entries.items():
                faults.setdefault(code if name.endswith(".file_problem") else code.lower(), labels)
    found["gateway.field_error"] = dict(sorted(faults.items()))
    return found


def spell(document: Any, service: str, lists: Lists) -> None:
    """Write the words of a list where a text is marked as one of its words (`kit.codes.Listed`). Raises KeyError for a list that nobody holds."""
    if isinstance(document, list):
        for item in document:
            spell(item, service, lists)
    elif isinstance(document, dict):
        if LISTED in document:
            document["enum"] = list(lists[held_by(document.pop(LISTED), service, lists)])
        for item in document.values():
            spell(item, service, lists)


def held_by(name: str, service: str, lists: Lists) -> str:
    """The list of this name: the service's own, the gateway's, or the only other one. Raises KeyError."""
    holders = [one for one in (f"{service}.{name}", f"gateway.{name}") if one in lists] or [
        one for one in lists if one.partition(".")[2] == name
    ]
    if not holders:
        raise KeyError(name)
    return holders[0]


def _labels(about: Mapping[str, str]) -> Labels:
    return {"zh": about["zh"], "en": about["en"]}


def _faults() -> dict[str, Labels]:
    with (Path(__file__).parent / "field_errors.csv").open(encoding="utf-8", newline="") as file:
        own = {row["code"]: _labels(row) for row in csv.DictReader(file)}
    return {**{code: {"zh": zh, "en": en} for code, (zh, en) in MESSAGES.items()}, **own}


def _orders(told: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for one in told.values():
        for operations in one["openapi"].get("paths", {}).values():
            for operation in operations.values():
                for parameter in operation.get("parameters", ()):
                    if parameter["name"] == "sort":
                        yield from contract.words_in(parameter["schema"])


def _order(word: str) -> Labels:
    """What a list is sorted by; `-` for the last first."""
    zh, en = contract.words()[word.removeprefix("-")]
    return {"zh": f"{zh}(倒序)", "en": f"{en}, descending"} if word.startswith("-") else {"zh": zh, "en": en}
