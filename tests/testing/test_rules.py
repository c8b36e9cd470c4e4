"""The rules by their articles."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.db import new_id
from services.testing.codes import CODES
from services.testing.collections import rules as chain
from services.testing.kits.rules import in_date, panel_gaps, reading
from services.testing.labs.rules import designated_on, may_retest, may_test
from services.testing.plans import rules as plans
from services.testing.results.rules import LedgerTest, ledger_codes, ledger_state, overall, read_hair
from services.testing.screenings.rules import REFERRAL, ScreeningRow, tallied
from services.testing.staff import rules as staff
from services.testing.staff.rules import Member
from services.testing.subjects.rules import Basis, Effect, MeasureNews, effect_of, legal_basis

ID = UUID("018f0000-0000-7000-8000-000000000001")
START, END = date(2020, 5, 1), date(2023, 5, 1)


@pytest.mark.parametrize(
    ("kind", "state", "standing", "day", "may", "why"),
    [
        ("community_treatment", "active", "community_treatment", date(2021, 7, 1), True, "DTP art. 2: ordered into community treatment"),
        ("community_rehabilitation", "active", "community_rehabilitation", date(2021, 7, 1), True, "DTP art. 2: into rehabilitation"),
        ("community_treatment", "transfer_pending", None, date(2021, 7, 1), True, "DRR art. 22: a transfer does not stop the term"),
        ("community_treatment", "reported_serious_breach", None, date(2021, 7, 1), True, "DRR art. 21: the police have not decided"),
        ("community_treatment", "awaiting_report_in", None, date(2021, 7, 1), False, "DRR art. 14: the term has not begun"),
        ("community_treatment", "suspended", None, date(2021, 7, 1), False, "DRR art. 24 §2"),
        ("community_treatment", "terminated", None, date(2021, 7, 1), False, "DRR art. 24 §1"),
        ("community_treatment", "active", None, START, True, "the first day counts"),
        ("community_treatment", "active", None, END, False, "DRR art. 23: nothing is owed on term_end"),
        ("community_treatment", "active", "three_years_clean", date(2021, 7, 1), False, "DRR art. 7"),
        ("maintenance_treatment", "active", "maintenance_treatment", date(2021, 7, 1), False, "DTP art. 2 a contrario"),
        ("voluntary_treatment", "active", "voluntary_treatment", date(2021, 7, 1), False, "DTP art. 2 a contrario; NCL art. 62"),
    ],
)
def test_who_may_be_made_to_take_a_test(kind: str, state: str, standing: str | None, day: date, may: bool, why: str) -> None:
    basis = Basis(ID, kind, state, "610822100000", START, END)
    assert (legal_basis([basis], standing, day) is not None) is may, why


def test_nobody_without_a_measure_may_be_made_to_take_a_test() -> None:
    assert legal_basis([], "in_society", date(2021, 7, 1)) is None


@pytest.mark.parametrize(
    ("kind", "state", "step", "effect"),
    [
        ("community_treatment", "active", "reported_in", Effect.PLAN),
        ("community_treatment", "suspended", "suspended", Effect.PAUSE),
        ("community_treatment", "active", "resumed", Effect.PLAN),
        ("community_treatment", "discharged", "ended", Effect.END),
        ("community_treatment", "active", "ended", Effect.END),
        ("community_treatment", "revoked", "ended", Effect.END),
        ("community_treatment", "ordered", "ordered", Effect.NONE),
        ("community_treatment", "refused", "breached", Effect.NONE),
        ("community_rehabilitation", "breach_reported", "breached", Effect.PLAN),
        ("compulsory_isolation_treatment", "isolation_active", "ordered", Effect.NONE),
    ],
)
def test_what_news_of_a_measure_does(kind: str, state: str, step: str, effect: Effect) -> None:
    assert effect_of(MeasureNews(ID, ID, kind, state, "610822100000", START, START, END, step)) is effect


@pytest.mark.parametrize(
    ("sampled", "start", "before"),
    [
        (date(2021, 7, 1), date(2021, 6, 8), True),
        (date(2021, 7, 1), date(2021, 1, 1), False),
        (date(2021, 7, 1), date(2021, 1, 2), True),
        (date(2021, 8, 31), date(2021, 3, 1), True),
    ],
)
def test_hair_speaks_of_six_months_and_perhaps_of_the_time_before_the_order(sampled: date, start: date, before: bool) -> None:
    assert chain.reaches_before_term(chain.window_start("hair", sampled), start) is before  # HAIR art. 10


def test_other_specimens_have_no_such_window() -> None:
    assert chain.window_start("urine", date(2021, 7, 1)) is None


@pytest.mark.parametrize(
    ("analyte", "value", "code"),
    [("morphine", "0.2", "positive"), ("morphine", "0.1999", "negative"), ("cocaine", "0.49", "negative"), ("thc", "0.05", "positive")],
)
def test_hair_is_positive_at_or_above_the_cut_off(analyte: str, value: str, code: str) -> None:
    cutoffs = {"morphine": Decimal("0.2"), "cocaine": Decimal("0.5"), "thc": Decimal("0.05")}
    assert read_hair({analyte: Decimal(value)}, cutoffs) == {analyte: code}  # HAIR art. 9


def test_an_analyte_without_a_cut_off_is_not_judged() -> None:
    assert read_hair({"etomidate": Decimal(3)}, {}) == {}


@pytest.mark.parametrize(
    ("person", "collectors", "may"),
    [
        ("female", ["female", "female"], True),
        ("female", ["female", "male"], False),
        ("male", ["male", "male"], True),
        (None, ["male", "male"], False),
    ],
)
def test_collectors_are_of_the_persons_sex(person: str | None, collectors: list[str], may: bool) -> None:
    members = [Member(f"P{n}", "演示", "police_officer", sex, date(2020, 1, 1), None) for n, sex in enumerate(collectors)]
    assert staff.same_sex(person, members) is may  # DTP art. 8


@pytest.mark.parametrize(("codes", "enough"), [(["P1", "P2"], True), (["P1", "P1"], False), (["P1"], False), ([], False)])
def test_two_different_people_collect(codes: list[str], enough: bool) -> None:
    assert staff.enough(codes) is enough  # DTP art. 8


@pytest.mark.parametrize(
    ("qualification", "same", "test", "retest"),
    [("forensic", False, True, True), ("forensic", True, True, False), ("medical", False, True, False)],
)
def test_the_re_test_is_another_forensic_institutions(qualification: str, same: bool, test: bool, retest: bool) -> None:
    assert may_test(qualification) is test  # DTP art. 4
    assert may_retest(qualification, same_as_first=same) is retest


def test_a_designation_ends_on_its_day() -> None:
    assert designated_on(date(2020, 1, 1), date(2021, 7, 1), date(2021, 6, 30))
    assert not designated_on(date(2020, 1, 1), date(2021, 7, 1), date(2021, 7, 1))


def test_a_kit_may_be_used_on_its_last_day_and_no_longer() -> None:
    assert in_date(date(2021, 7, 1), date(2021, 7, 1))
    assert not in_date(date(2021, 7, 1), date(2021, 7, 2))


@pytest.mark.parametrize(
    ("strips", "whole"),
    [
        (["negative", "negative"], "negative"),
        (["negative", "invalid"], "invalid"),
        (["positive", "invalid"], "positive"),
        ([], "invalid"),
    ],
)
def test_the_reading_of_a_kit(strips: list[str], whole: str) -> None:
    assert reading(strips) == whole


def test_every_strip_is_read_and_no_other() -> None:
    assert panel_gaps(["morphine", "thc"], {"morphine": "negative", "mdma": "negative"}) == (["thc"], ["mdma"])


@pytest.mark.parametrize(
    ("event", "origin", "target"),
    [
        ("attend", "scheduled", "attended"),
        ("miss", "scheduled", "missed"),
        ("refuse", "scheduled", "refused"),
        ("pause", "scheduled", "paused"),
        ("resume", "paused", "scheduled"),
        ("end", "missed", "cancelled"),
        ("reschedule", "excused", "scheduled"),
    ],
)
def test_declared_steps_of_a_due_test(event: str, origin: str, target: str) -> None:
    step = plans.DUE_TEST.step(origin, event)
    assert step.target == target
    assert step.source


@pytest.mark.parametrize(
    ("event", "origin"),
    [("miss", "attended"), ("refuse", "missed"), ("attend", "cancelled"), ("find_unexcused", "scheduled"), ("reschedule", "attended")],
)
def test_there_is_no_other_way(event: str, origin: str) -> None:
    assert plans.DUE_TEST.find(origin, event) is None


def test_every_state_is_reached_and_named() -> None:
    for machine, table in ((plans.DUE_TEST, "due_test"), (chain.CHAIN, "collection"), (REFERRAL, "screening_referral")):
        assert machine.unreachable() == set()
        assert set(machine.states) == set(CODES[f"{table}.state"].keys())
    assert all(state in chain.DEADLINES for state in chain.OPEN)


@given(st.lists(st.sampled_from(sorted({step.event for step in chain.CHAIN.steps})), max_size=12))
def test_no_sequence_of_steps_confirms_without_a_laboratory(events: list[str]) -> None:
    state, seen = "collected", ["collected"]
    for event in events:
        step = chain.CHAIN.find(state, event)
        if step is not None:
            state = step.target
            seen.append(state)
    if "final_positive" in seen:
        assert "at_lab" in seen
    if state == "onsite_final":
        assert "at_lab" not in seen


@pytest.mark.parametrize(
    ("results", "values", "stated", "state"),
    [
        ({"morphine": "negative", "ketamine": "negative"}, {}, None, "final_negative"),
        ({"morphine": "negative", "ketamine": "positive"}, {}, None, "presumptive_positive"),
        ({"morphine": "invalid"}, {}, None, "new_collection"),
        ({}, {"morphine": Decimal("0.31")}, "positive", "presumptive_positive"),
        ({}, {"morphine": Decimal("0.11")}, "positive", "presumptive_positive"),
        ({}, {}, "negative", "final_negative"),
        ({}, {}, None, "new_collection"),
    ],
)
def test_what_a_ledger_row_amounts_to(results: dict[str, str], values: dict[str, Decimal], stated: str | None, state: str) -> None:
    row = LedgerTest(new_id(), "610822100000", "FG1", "hair", date(2021, 5, 1), results, hair_values=values, hair_result=stated)
    assert ledger_state(row, ledger_codes(row, {"morphine": Decimal("0.2")})) == state


def test_overall_of_nothing_is_no_result() -> None:
    assert overall({}) == "invalid"


def test_a_practitioner_table_becomes_counts() -> None:
    day = date(2021, 1, 9)
    rows = [
        ScreeningRow("演示宾馆", day, "negative"),
        ScreeningRow("演示宾馆", day, "positive", "甲"),
        ScreeningRow("演示网吧", day, "invalid"),
    ]
    found = tallied(rows, "610822000000")
    hotel = found["演示宾馆", day]
    assert (hotel.tested, hotel.negative, hotel.presumptive_positive, hotel.identities) == (2, 1, 1, ["甲"])
    with pytest.raises(ValueError, match="unknown result word"):
        tallied([ScreeningRow("演示宾馆", day, "?")], "610822000000")


@pytest.mark.parametrize(
    ("state", "day"),
    [("final_negative", date(2021, 7, 8)), ("final_positive", date(2022, 1, 1)), ("at_lab", None), ("presumptive_positive", None)],
)
def test_a_specimen_is_kept_while_its_chain_is_open(state: str, day: date | None) -> None:
    assert chain.destroy_from(state, date(2021, 7, 1)) == day  # DTP art. 8
