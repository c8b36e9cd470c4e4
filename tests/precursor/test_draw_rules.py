"""The rules of a draw: the outsider's script recomputes thousands of random configurations, and everybody has the same chance."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import random
from collections import Counter
from functools import lru_cache
from math import ceil
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from services.precursor.draws import rules
from services.precursor.draws.rules import sources
from services.precursor.draws.rules.steps import MACHINE, REPLACEMENT, STATES

VERIFIER = Path(__file__).parent.parent.parent / "docs" / "draw" / "verify_draw.py"
CONFIGURATIONS = 3000


@lru_cache(maxsize=1)
def outsider() -> ModuleType:
    """The outsider's script as a module."""
    spec = importlib.util.spec_from_file_location("verify_draw", VERIFIER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def configuration(dice: random.Random) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Random directories and parameters: strata, recusals, earlier officers, odd ratios, names in any script."""
    people = [f"官{number}-{dice.randrange(10**6)}" for number in range(dice.randint(2, 12))]
    firms: list[dict[str, Any]] = [
        {
            "id": f"企{dice.randrange(10**9)}",
            "stratum": dice.choice(rules.STRATA),
            "last_officers": dice.sample(people, dice.randint(0, min(2, len(people)))) if dice.random() < 0.3 else [],
            "name": '甲"乙\\丙\n丁 é😀',
        }
        for _ in range(dice.randint(1, 40))
    ]
    recusals = [[dice.choice(firms)["id"], dice.choice(people)] for _ in range(dice.randint(0, 5))]
    ratios = {stratum: dice.choice([0, 1, 3, 10, 25, 33, 50, 99, 100]) for stratum in rules.STRATA}
    objects = {"objects": firms, "excluded": []}
    inspectors = {"inspectors": [{"id": name} for name in people], "recusals": recusals}
    return objects, inspectors, {"ratios": ratios, "officers_per_object": dice.randint(2, 3)}


def test_the_outsiders_script_agrees_on_thousands_of_random_configurations() -> None:
    script, dice = outsider(), random.Random(610822)
    refused = drawn = 0
    for _ in range(CONFIGURATIONS):
        objects, inspectors, parameters = configuration(dice)
        seed, wanted = dice.randbytes(32), parameters["officers_per_object"]
        directories = rules.directories_of(objects, inspectors)
        proof = {"objects": objects, "inspectors": inspectors, "parameters": parameters}
        barred = Counter(
            {
                firm["id"]: len(set(firm["last_officers"]) | {o for f, o in inspectors["recusals"] if f == firm["id"]})
                for firm in objects["objects"]
            }
        )
        short = {firm for firm, number in barred.items() if len(inspectors["inspectors"]) - number < wanted}
        if short:
            refused += 1
            with pytest.raises(rules.TooFewInspectors) as error:
                rules.select(directories, parameters["ratios"], wanted, seed)
            assert set(error.value.objects) == short
            continue
        result = rules.select(directories, parameters["ratios"], wanted, seed)
        drawn += len(result)
        assert script.redraw(proof, seed) == [
            {"object": item.object_id, "stratum": item.stratum, "officers": list(item.officers)} for item in result
        ]
        strata = Counter(firm["stratum"] for firm in objects["objects"])
        assert Counter(item.stratum for item in result) == Counter(
            {
                stratum: ceil(number * parameters["ratios"][stratum] / 100)
                for stratum, number in strata.items()
                if parameters["ratios"][stratum]
            }
        )
        last = {firm["id"]: set(firm["last_officers"]) for firm in objects["objects"]}
        pairs = {(firm, officer) for firm, officer in inspectors["recusals"]}
        for item in result:
            assert len(set(item.officers)) == wanted
            assert not set(item.officers) & last[item.object_id]
            assert not any((item.object_id, officer) in pairs for officer in item.officers)
        assert script.sha(script.canonical(objects)) == rules.digest(rules.canonical(objects))
    assert refused > CONFIGURATIONS // 20
    assert drawn > CONFIGURATIONS


def test_the_draw_of_a_known_seed_never_changes() -> None:
    """A frozen example: another result for the same inputs would be another algorithm and needs another name."""
    seed = rules.seed_of(bytes(range(32)), "4.9.17.22.28.31./", hashlib.sha256(b"directory").hexdigest())
    assert seed.hex() == hashlib.sha256(bytes(range(32)) + b"4.9.17.22.28.31./" + hashlib.sha256(b"directory").digest()).hexdigest()
    drawn = rules.pick([f"firm-{number:02d}" for number in range(20)], 5, "objects:B", seed)
    assert drawn == ["firm-15", "firm-14", "firm-01", "firm-07", "firm-16"]


def test_every_firm_and_every_officer_has_the_same_chance() -> None:
    """Chi-square over 6,000 draws: 21 firms at 25 % (6 drawn), 7 officers; the bounds are the 0.999 quantiles for 20 and 6 degrees of freedom."""
    firms = tuple(rules.Candidate(f"f{number:02d}", "C") for number in range(21))
    directories = rules.Directories(firms, tuple(f"o{number}" for number in range(7)), {})
    draws, chosen, sent = 6000, Counter[str](), Counter[str]()
    for number in range(draws):
        for item in rules.select(directories, {"C": 25}, 2, hashlib.sha256(f"fair {number}".encode()).digest()):
            chosen[item.object_id] += 1
            sent.update(item.officers)

    def chi_square(counts: Counter[str], names: int, probability: float, trials: int) -> float:
        expected = trials * probability
        return sum((counts[name] - expected) ** 2 for name in counts) / (expected * (1 - probability)) * (names - 1) / names

    assert len(chosen) == 21
    assert chi_square(chosen, 21, 6 / 21, draws) < 45.3
    assert len(sent) == 7
    assert chi_square(sent, 7, 2 / 7, draws * 6) < 22.5


def test_the_order_of_the_lists_changes_nothing() -> None:
    dice = random.Random(1)
    for _ in range(200):
        objects, inspectors, parameters = configuration(dice)
        seed = dice.randbytes(32)
        mixed = {"objects": dice.sample(objects["objects"], len(objects["objects"])), "excluded": []}
        turned = {"inspectors": inspectors["inspectors"][::-1], "recusals": inspectors["recusals"][::-1]}
        try:
            once = rules.select(rules.directories_of(objects, inspectors), parameters["ratios"], 2, seed)
        except rules.TooFewInspectors:
            continue
        assert rules.select(rules.directories_of(mixed, turned), parameters["ratios"], 2, seed) == once


@pytest.mark.parametrize(
    ("members", "ratio", "count"),
    [(0, 100, 0), (1, 3, 1), (33, 3, 1), (34, 3, 2), (81, 10, 9), (21, 50, 11), (7, 100, 7), (10, 10, 1), (5, 0, 0)],
)
def test_a_stratum_is_rounded_up(members: int, ratio: int, count: int) -> None:
    assert rules.count_of(members, ratio) == count


def test_public_numbers_are_written_in_one_way_only() -> None:
    balls = {"name": "红球", "count": 6, "low": 1, "high": 33, "ordered": False}
    index = {"name": "指数", "count": 2, "low": 0, "high": 10**6, "ordered": True}
    assert rules.public_text([balls, index], [[31, 4, 17, 9, 22, 28], [352803, 12]]) == "4.9.17.22.28.31./352803.12./"
    for values, reason in (
        ([[1, 2, 3, 4, 5, 6]], "sources"),
        ([[1, 2, 3, 4, 5], [1, 2]], "count"),
        ([[1, 2, 3, 4, 5, 34], [1, 2]], "range"),
    ):
        with pytest.raises(rules.BadPublicValue, match=reason):
            rules.public_text([balls, index], values)


def test_states_lead_only_forward() -> None:
    assert MACHINE.find("planned", "reveal") is None
    assert MACHINE.find("committed", "commit") is None
    assert MACHINE.find("published", "reveal") is None
    assert MACHINE.find("published", "set_aside") is None
    assert all(not MACHINE.open_from(state) for state in ("closed", "set_aside"))
    assert not MACHINE.unreachable()
    assert not REPLACEMENT.unreachable()
    order: list[str] = list(STATES)
    assert all(order.index(step.target) >= order.index(state) for state in STATES for step in MACHINE.open_from(state))


def test_every_source_is_whole() -> None:
    assert all(source.low < source.high and source.count >= 1 and source.outcomes >= 2 for source in sources.sources().values())
    lotteries = [source for source in sources.sources().values() if source.days != "WORKING"]
    assert all(rules.outcomes_of([{**vars_of(source)}]) == source.outcomes for source in lotteries if not source.repeats)


def vars_of(source: sources.Source) -> dict[str, Any]:
    """What the algorithm reads of a source."""
    return {name: getattr(source, name) for name in ("count", "low", "high", "ordered")}


def test_canonical_json_is_rfc_8785() -> None:
    rfc8785 = pytest.importorskip("rfc8785")
    dice = random.Random(7)
    for _ in range(300):
        objects, inspectors, parameters = configuration(dice)
        for document in (objects, inspectors, parameters):
            assert rules.canonical(document).encode() == rfc8785.dumps(document)
    assert json.loads(rules.canonical({"a": "\u2028\x7f\x1f"})) == {"a": "\u2028\x7f\x1f"}


def test_a_class_1_holder_is_key_supervision_once_a_year() -> None:
    assert rules.stratum_of("A", holds_class_1=True, key_visit_this_year=False) == "key"
    assert rules.stratum_of("A", holds_class_1=True, key_visit_this_year=True) == "A"
    assert rules.stratum_of("D", holds_class_1=False, key_visit_this_year=False) == "D"
