"""The published formula, rule by rule, and what must hold whatever the counts are."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.alerts.bulletins.formulas import DEFAULT_RULES
from services.alerts.bulletins.rules import (
    EFFECTS,
    Cause,
    Colour,
    Count,
    Effect,
    HardFail,
    Indicator,
    PastRating,
    TownInputs,
    colour_of_score,
    compare,
    rate_town,
    round_half_up,
    rules_in_force,
    score_counts,
    spread_weights,
)

G, Y, O, R, N = Colour.GREEN, Colour.YELLOW, Colour.ORANGE, Colour.RED, Colour.NOT_RATED  # noqa: E741 - the four colours' initials
ALL_DONE = "10/10 10/10 10/10 10/10 10/10 10/10 10/10"
NOTHING = "0/0 0/0 0/0 0/0 0/0 0/0 0/0"


def counts(text: str) -> dict[Indicator, Count]:
    """Seven `done/due` in the order R E T V A H C."""
    return {i: Count(*map(int, pair.split("/"))) for i, pair in zip(Indicator, text.split(), strict=True)}


def town(text: str, **fails: int) -> TownInputs:
    return TownInputs("610822109000", counts(text), {HardFail(kind): cases for kind, cases in fails.items()})


@pytest.mark.parametrize(
    ("rule", "text", "score"),
    [
        ("everything done is 100", ALL_DONE, "100.00"),
        ("nothing done is 0", "0/10 0/10 0/10 0/10 0/10 0/10 0/10", "0.00"),
        ("report-in weighs 0.20", "0/10 10/10 10/10 10/10 10/10 10/10 10/10", "80.00"),
        ("execution weighs 0.20", "10/10 0/10 10/10 10/10 10/10 10/10 10/10", "80.00"),
        ("test completion weighs 0.20", "10/10 10/10 0/10 10/10 10/10 10/10 10/10", "80.00"),
        ("visit completion weighs 0.15", "10/10 10/10 10/10 0/10 10/10 10/10 10/10", "85.00"),
        ("alert handling weighs 0.10", "10/10 10/10 10/10 10/10 0/10 10/10 10/10", "90.00"),
        ("handover acknowledgement weighs 0.05", "10/10 10/10 10/10 10/10 10/10 0/10 10/10", "95.00"),
        ("lawful closure weighs 0.10", "10/10 10/10 10/10 10/10 10/10 10/10 0/10", "90.00"),
        ("a zero denominator spreads its weight", "0/0 5/10 0/0 0/0 0/0 0/0 0/0", "50.00"),
        ("two thirds round half up", "2/3 0/0 0/0 0/0 0/0 0/0 0/0", "66.67"),
        ("spreading keeps proportions: 20 against 5", "0/0 1/1 0/0 0/0 0/0 0/1 0/0", "80.00"),
    ],
)
def test_the_score_is_weight_times_rate(rule: str, text: str, score: str) -> None:
    assert score_counts(counts(text), DEFAULT_RULES).value == Decimal(score), rule


@pytest.mark.parametrize(
    ("score", "colour"),
    [("100", G), ("95.00", G), ("94.99", Y), ("85.00", Y), ("84.99", O), ("70.00", O), ("69.99", R), ("0", R)],
)
def test_a_threshold_belongs_to_the_better_colour(score: str, colour: Colour) -> None:
    assert colour_of_score(Decimal(score), DEFAULT_RULES) is colour


@pytest.mark.parametrize(
    ("rule", "inputs", "previous", "colour", "causes"),
    [
        ("green without a hard fail", town(ALL_DONE), None, G, (Cause.SCORE,)),
        ("one hard fail makes a green score orange", town(ALL_DONE, data_leak=1), G, O, (Cause.HARD_FAIL,)),
        ("two kinds of hard fail make red", town(ALL_DONE, data_leak=1, forged_record=1), G, R, (Cause.HARD_FAIL,)),
        ("two cases of one kind make red", town(ALL_DONE, unsigned_agreement=2), G, R, (Cause.HARD_FAIL,)),
        ("a hard fail never makes red better", town("0/9 0/9 0/9 0/9 0/9 0/9 0/9", data_leak=1), None, R, (Cause.SCORE,)),
        ("orange by score", town("10/10 0/10 10/10 10/10 10/10 10/10 10/10"), Y, O, (Cause.SCORE,)),
        ("orange twice running is red", town("10/10 0/10 10/10 10/10 10/10 10/10 10/10"), O, R, (Cause.SCORE, Cause.REPEATED_ORANGE)),
        ("orange by hard fail after orange is red", town(ALL_DONE, data_leak=1), O, R, (Cause.HARD_FAIL, Cause.REPEATED_ORANGE)),
        ("orange after red is orange", town("10/10 0/10 10/10 10/10 10/10 10/10 10/10"), R, O, (Cause.SCORE,)),
        ("orange after an unrated period is orange", town("10/10 0/10 10/10 10/10 10/10 10/10 10/10"), N, O, (Cause.SCORE,)),
        ("yellow after orange is yellow", town("10/10 10/10 10/10 0/10 10/10 10/10 10/10"), O, Y, (Cause.SCORE,)),
        ("nothing due is not rated", town(NOTHING), O, N, (Cause.NOTHING_DUE,)),
        ("a hard fail counts although nothing was due", town(NOTHING, forged_record=1), None, O, (Cause.HARD_FAIL,)),
    ],
)
def test_the_colour_follows_its_rule(
    rule: str, inputs: TownInputs, previous: Colour | None, colour: Colour, causes: tuple[Cause, ...]
) -> None:
    rating = rate_town(inputs, DEFAULT_RULES, previous)
    assert (rating.colour, rating.causes) == (colour, causes), rule
    assert rating.effect is EFFECTS[colour]


def test_three_oranges_in_a_row_stay_red_because_the_own_colour_is_remembered() -> None:
    inputs = town("10/10 0/10 10/10 10/10 10/10 10/10 10/10")
    first = rate_town(inputs, DEFAULT_RULES)
    second = rate_town(inputs, DEFAULT_RULES, first.own_colour)
    third = rate_town(inputs, DEFAULT_RULES, second.own_colour)
    assert [first.colour, second.colour, third.colour] == [O, R, R]


def test_each_colour_has_its_effect() -> None:
    assert [EFFECTS[c] for c in (G, Y, O, R, N)] == [
        Effect.LISTED,
        Effect.REMINDER,
        Effect.WRITTEN_SUPERVISION,
        Effect.INTERVIEW,
        Effect.NONE,
    ]


def test_the_formula_has_seven_duties_and_none_counts_positives() -> None:
    assert "".join(i.symbol for i in Indicator) == "RETVAHC"
    words = {*Indicator, *(field.name for field in fields(TownInputs))}
    assert not [word for word in words if "positive" in word or "isolation" in word]


def test_a_printed_95_is_green_because_the_colour_is_read_from_the_published_score() -> None:
    rating = rate_town(town("18999/20000 0/0 0/0 0/0 0/0 0/0 0/0"), DEFAULT_RULES)
    assert (rating.score, rating.colour) == (Decimal("95.00"), G)


@pytest.mark.parametrize(
    ("value", "rounded"), [("0.005", "0.01"), ("0.00499", "0.00"), ("-0.005", "-0.01"), ("2.675", "2.68"), ("1", "1.00")]
)
def test_halves_round_away_from_zero(value: str, rounded: str) -> None:
    assert str(round_half_up(Fraction(value))) == rounded


@pytest.mark.parametrize(("done", "due"), [(2, 1), (-1, 1), (0, -1)])
def test_a_count_beyond_what_was_due_is_refused(done: int, due: int) -> None:
    with pytest.raises(ValueError, match="done <= due"):
        Count(done, due)


def test_a_missing_indicator_is_refused_and_never_read_as_zero() -> None:
    with pytest.raises(ValueError, match="every indicator"):
        TownInputs("610822109000", {Indicator.REPORT_IN: Count(1, 1)}, {})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weights": {**DEFAULT_RULES.weights, Indicator.REPORT_IN: Decimal("0.21")}}, "add up to 1"),
        ({"weights": {Indicator.REPORT_IN: Decimal(1)}}, "one weight"),
        ({"yellow_from": Decimal(96)}, "thresholds must rise"),
        ({"green_from": Decimal("95.5")}, "whole points"),
        ({"red_hard_fails": 0}, "hard fails"),
    ],
)
def test_rules_that_contradict_themselves_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(DEFAULT_RULES, **change)


def test_the_version_valid_on_the_first_day_of_the_period_rules_it() -> None:
    later = replace(DEFAULT_RULES, version="2021-2", valid_from=date(2021, 6, 10))
    assert rules_in_force([later, DEFAULT_RULES], date(2021, 6, 1)).version == "2021-1"
    assert rules_in_force([later, DEFAULT_RULES], date(2021, 6, 16)).version == "2021-2"
    with pytest.raises(LookupError, match="2020-12-31"):
        rules_in_force([later, DEFAULT_RULES], date(2020, 12, 31))


def test_a_trend_tells_the_difference_and_how_long_the_colour_has_lasted() -> None:
    past = [PastRating("1", Decimal(90), Y, Y), PastRating("2", Decimal(80), O, O), PastRating("3", Decimal("79.50"), R, O)]
    assert compare(Decimal("81.25"), R, past) == compare(Decimal("81.25"), R, past)
    trend = compare(Decimal("81.25"), R, past)
    assert (trend.difference, trend.running) == (Decimal("1.75"), 2)
    assert compare(None, N, past).difference is None
    assert compare(Decimal(90), Y, []).running == 1


count = st.integers(0, 400).flatmap(lambda due: st.builds(Count, st.integers(0, due), st.just(due)))
seven = st.fixed_dictionaries(dict.fromkeys(Indicator, count))


@settings(deadline=None)
@given(seven)
def test_a_score_lies_within_0_and_100_and_its_points_add_up_to_it(some: dict[Indicator, Count]) -> None:
    score = score_counts(some, DEFAULT_RULES)
    if all(c.due == 0 for c in some.values()):
        assert score.value is None
    else:
        assert score.value is not None
        assert 0 <= score.value <= 100
    assert sum(reason.points for reason in score.reasons) == (score.value or 0)
    assert all(reason.points == 0 for reason in score.reasons if not reason.rate)


@settings(deadline=None)
@given(seven)
def test_spreading_weights_keeps_their_sum_at_1_and_their_proportions(some: dict[Indicator, Count]) -> None:
    weights = spread_weights(some, DEFAULT_RULES)
    assert sum(weights.values()) == (1 if weights else 0)
    assert len({weight / Fraction(DEFAULT_RULES.weights[i]) for i, weight in weights.items()}) <= 1


@settings(deadline=None)
@given(seven, st.sampled_from(list(Indicator)), st.integers(1, 400), st.sampled_from([None, *Colour]))
def test_doing_more_of_any_duty_never_worsens_score_or_colour(
    some: dict[Indicator, Count], i: Indicator, more: int, before: Colour | None
) -> None:
    better = some | {i: Count(min(some[i].due, some[i].done + more), some[i].due)}
    worse_town = rate_town(TownInputs("610822109000", some, {}), DEFAULT_RULES, before)
    better_town = rate_town(TownInputs("610822109000", better, {}), DEFAULT_RULES, before)
    assert (better_town.score or 0) >= (worse_town.score or 0)
    order = [G, Y, O, R, N]
    assert order.index(better_town.colour) <= order.index(worse_town.colour)
