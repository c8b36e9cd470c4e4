"""Every fault of a field has its label: what is raised anywhere in the code stands in the published list, and what stands there is raised."""

from __future__ import annotations

import ast
import csv
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from fastapi.exceptions import RequestValidationError

from deploy.openapi import codes
from gateway.documents.lists import PROBLEMS_AS_FAULTS
from gateway.identity.choice import fault_of as password_fault
from gateway.identity.clients import key_fault
from kit.app.problems import MESSAGES, validation_problem
from kit.problems import Problem, VersionRequired
from services.alerts.watched.service import _FAULTS as ABSENCES
from services.precursor.draws.rules import BadPublicValue, public_text
from services.precursor.rectifications.rules import deadline_fault
from tests.house.source import ROOT, Source, sources

RAISING = {"invalid": (1, 4), "FieldError": (1, 4), "ValueError": (0, 3), "Refused": (0, 3), "TooEarly": (0, 3)}
"""Call → place of the code among its arguments, and how many it has at least."""
COMPUTED = frozenset(
    [
        "too_short",
        "too_few_signs",
        "user_name",
        "sequence",
        "breached",
        "private_key",
        "key_unfit",
        "weak_key",
        "no_power",
        "authority_unknown",
        "post_unknown",
        "public_sources",
        "public_count",
        "public_range",
        "outside_term",
        "on_another_test",
        "sex_unknown",
        "staff_unknown",
        "not_in_service",
        "post_unfit",
        "not_police",
        "another_person",
        "head_of_another_authority",
        "too_long",
        "too_much_in_a_year",
        "too_late",
        "too_early",
        "before_order",
        "too_far",
        "not_valid",
    ]
)
"""Codes that rules return and a service raises: see the tests below."""
SETTLING = {"inspection-state", "too-few-inspectors"}
"""Problems that a signature of a replacement would meet now, found by trying it."""


def raised(files: list[Source]) -> Iterator[tuple[str, str]]:
    """(code, place) of every fault that is spelled where it is raised."""
    problems = {problem.__name__: problem.slug for problem in all_problems()}
    for file in files:
        for node in ast.walk(file.tree):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            place, least = RAISING.get(name, (0, 99))
            if name == "of" and node.args and (problem := ast.unparse(node.args[0])) in problems:
                yield problems[problem], f"{file.path}:{node.lineno}"
            for keyword in node.keywords:
                if name == "Reason" and keyword.arg == "code" and isinstance(keyword.value, ast.Constant):
                    yield str(keyword.value.value), f"{file.path}:{node.lineno}"
                if name == "Reason" and keyword.arg == "code" and (problem := ast.unparse(keyword.value).removesuffix(".slug")) in problems:
                    yield problems[problem], f"{file.path}:{node.lineno}"
            if len(node.args) >= least and isinstance(node.args[place], ast.Constant):
                yield str(node.args[place].value), f"{file.path}:{node.lineno}"


def all_problems() -> Iterator[type[Problem]]:
    """Every kind of problem that is loaded."""
    waiting: list[type[Problem]] = [Problem]
    while waiting:
        known = waiting.pop()
        waiting += known.__subclasses__()
        yield known


@pytest.fixture(scope="module")
def listed() -> dict[str, Any]:
    """The published list."""
    return codes()["gateway.field_error"]


def product() -> list[Source]:
    """What can raise a fault."""
    return [file for file in sources() if file.path.startswith(("kit/", "services/", "gateway/"))]


def test_what_is_raised_is_listed(listed: dict[str, Any]) -> None:
    assert [place for code, place in raised(product()) if code not in listed] == []
    assert {*MESSAGES, *COMPUTED} - listed.keys() == set()


def test_what_is_listed_is_raised() -> None:
    with (ROOT / "gateway" / "documents" / "field_errors.csv").open(encoding="utf-8", newline="") as file:
        own = {row["code"] for row in csv.DictReader(file)}
    told = {code for code, _ in raised(product())}
    assert own - told - COMPUTED == set()
    assert set(PROBLEMS_AS_FAULTS) - told == SETTLING


def test_codes_that_rules_return_are_known() -> None:
    words, keys = (
        ("a", "aaaaaaaaaaaaaa", "abcdefghijklmn"),
        ({"d": "x"}, {"kty": "RSA"}, {"kty": "OKP", "crv": "Ed25519", "x": "AA" * 21 + "A"}),
    )
    faults = [*(password_fault(word, "somebody") for word in words), *(key_fault(jwk) for jwk in keys)]
    found = {fault[0] for fault in faults if fault}
    found |= {str(deadline_fault(date(2021, 7, 1), date(2021, 7, 2))), str(deadline_fault(date(2031, 7, 1), date(2021, 7, 2)))}
    with pytest.raises(BadPublicValue) as bad:
        public_text([{"name": "x", "count": 1, "low": 0, "high": 9, "ordered": True}], [])
    assert found | {f"public_{bad.value}"} | ABSENCES.keys() <= COMPUTED


def test_a_fault_that_no_list_names_is_called_not_valid() -> None:
    """A new release of the library may find faults of a new kind; a client still meets a word that it knows."""
    told = validation_problem(RequestValidationError([{"type": "url_syntax_violation", "loc": ("body", "site"), "msg": "not a URL"}]))
    assert [(error.pointer, error.code, error.message_en) for error in told.errors] == [("/site", "not_valid", "not a URL")]


def test_the_law_bites() -> None:
    planted = Source("services/toys/service.py", 'raise invalid("/name", "too_shiny", "过亮", "too shiny")')
    assert list(raised([planted])) == [("too_shiny", "services/toys/service.py:1")]
    shown = Source(
        "services/toys/service.py", "Reason(code=VersionRequired.slug, zh=VersionRequired.title_zh, en=VersionRequired.title_en)"
    )
    assert [code for code, _ in raised([shown])] == [VersionRequired.slug]
