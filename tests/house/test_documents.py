"""Law 12: the docs cover the code. The reference is written from it; here it is compared, and its parts are shown to be whole."""

from __future__ import annotations

import importlib
import re

import pytest

from deploy import reference
from deploy.compose import ALL
from deploy.keys import SERVICES
from kit.problems import every_problem
from kit.roles import Role
from tests.house.source import ROOT

WRITTEN = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def fresh() -> str:
    """The reference as the code now says it."""
    return reference.text()


def test_the_reference_is_what_the_code_says(fresh: str) -> None:
    assert fresh == WRITTEN, "run ./dev reference --write"


def test_every_event_role_and_problem_is_in_it(fresh: str) -> None:
    for name in ALL:
        package = f"services.{name}" if name in SERVICES else name
        for event in importlib.import_module(f"{package}.events").EVENTS:
            assert f"`{event.type}`" in fresh
    for role in Role:
        assert f"`{role.value}`" in fresh
    for kind in every_problem():
        if not kind.__module__.startswith("tests"):
            assert f"`{kind.slug}`" in fresh, kind


def test_every_setting_is_in_it(fresh: str) -> None:
    named = set()
    for part in ("kit", "services", "gateway", "deploy"):
        for path in (ROOT / part).rglob("*.py"):
            named |= set(re.findall(r"GUIKANG_[A-Z]+(?:_[A-Z]+)*", path.read_text(encoding="utf-8")))
    assert {name for name in named if not name.endswith("_") and f"`{name}`" not in fresh} - {
        "GUIKANG_REGISTRY",
        "GUIKANG_TESTING",
        "GUIKANG_ALERTS",
        "GUIKANG_PRECURSOR",
        "GUIKANG_GATEWAY",
    } == set()


def test_the_law_bites(monkeypatch: pytest.MonkeyPatch) -> None:
    published = importlib.import_module("services.registry.events")
    monkeypatch.setattr(published, "EVENTS", published.EVENTS[1:])
    assert reference.text() != WRITTEN


def test_every_decision_has_a_number_of_its_own() -> None:
    numbers = [path.name[:4] for path in (ROOT / "docs" / "adr").glob("*.md")]
    assert len(numbers) == len(set(numbers))


def test_every_decision_has_its_four_parts() -> None:
    for path in sorted((ROOT / "docs" / "adr").glob("*.md")):
        text = path.read_text(encoding="utf-8")
        for part in ("Status", "Context", "Decision", "Costs"):
            assert re.search(rf"(\*\*|## ){part}", text), f"{path.name} lacks {part}"
