"""One bulletin as data: its digest, its order, what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from services.alerts.bulletins.figures import Bulletin, Heading, TownEntry, as_json, assemble, canonical
from services.alerts.bulletins.formulas import DEFAULT_RULES
from services.alerts.bulletins.periods import period_of
from services.alerts.bulletins.rules import Base, Cause, Colour, Indicator


def test_the_bulletin_names_21_towns_and_centres_in_the_order_of_their_codes(bulletin: Bulletin) -> None:
    codes = [line.division_code for line in bulletin.towns]
    assert len(codes) == 21
    assert codes == sorted(codes)
    assert dict(bulletin.county.colours) == {Colour.GREEN: 10, Colour.YELLOW: 5, Colour.ORANGE: 1, Colour.RED: 4, Colour.NOT_RATED: 1}


def test_the_county_line_pools_the_counts_of_its_towns(bulletin: Bulletin) -> None:
    for column, cell in enumerate(bulletin.county.cells):
        assert cell.done == sum(line.cells[column].done or 0 for line in bulletin.towns)
        assert cell.due == sum(line.cells[column].due or 0 for line in bulletin.towns)
    assert bulletin.county.difference == Decimal("92.65") - Decimal("91.20")


def test_a_second_orange_running_is_red_in_the_bulletin(bulletin: Bulletin) -> None:
    line = next(line for line in bulletin.towns if line.name == "哈镇")
    assert (line.own_colour, line.colour) == (Colour.ORANGE, Colour.RED)
    assert Cause.REPEATED_ORANGE in line.causes


def test_the_digest_is_the_same_for_the_same_figures_whatever_the_zone_of_the_cut_off(bulletin: Bulletin) -> None:
    elsewhere = replace(bulletin, cut_off=bulletin.cut_off.astimezone(UTC))
    assert elsewhere.digest == bulletin.digest
    assert bulletin.digest.startswith("sha256:")
    assert len(bulletin.digest) == 71


def test_the_digest_changes_with_any_figure(bulletin: Bulletin) -> None:
    assert replace(bulletin, revision=2).digest != bulletin.digest
    assert replace(bulletin, notes=()).digest != bulletin.digest
    first = replace(bulletin.towns[0], score=Decimal("97.47"))
    assert replace(bulletin, towns=(first, *bulletin.towns[1:])).digest != bulletin.digest


def test_canonical_json_writes_decimals_as_text_and_days_in_iso(bulletin: Bulletin) -> None:
    data = json.loads(canonical(bulletin))
    assert data["cut_off"] == "2021-06-16T00:00:00+08:00"
    assert data["first_day"] == "2021-06-01"
    assert data["county"]["score"] == "92.65"
    assert data["rules"]["weights"][0] == [Indicator.REPORT_IN.value, "0.20"]
    assert b'"audience":"county_office"' in canonical(bulletin)


def test_a_value_that_no_figure_holds_is_refused() -> None:
    with pytest.raises(TypeError, match="float"):
        as_json({"rate": 0.1})


@pytest.mark.parametrize("note", ["a\x00b", "\ud800", "\x1b[31m", "zeile\nzwei", "\u202e反", "\ue000"])
def test_a_note_with_signs_that_print_as_nothing_or_as_something_else_is_refused(bulletin: Bulletin, note: str) -> None:
    with pytest.raises(ValueError, match="must not hold"):
        replace(bulletin, notes=(note,))


def test_a_naive_cut_off_and_a_revision_of_0_are_refused(bulletin: Bulletin) -> None:
    with pytest.raises(ValueError, match="offset"):
        replace(bulletin, cut_off=datetime(2021, 6, 16))  # noqa: DTZ001 - the refused value itself
    with pytest.raises(ValueError, match="revision"):
        replace(bulletin, revision=0)


def test_a_town_that_stands_twice_is_refused(entries: tuple[TownEntry, ...]) -> None:
    heading = Heading("府谷县禁毒委员会办公室", "610822000000", "府谷县", date(2021, 6, 17))
    with pytest.raises(ValueError, match="twice"):
        assemble(period_of(date(2021, 6, 8)), DEFAULT_RULES, [entries[0], entries[0]], heading)


def test_a_rate_without_a_base_is_no_rate_and_does_not_touch_the_score(entries: tuple[TownEntry, ...]) -> None:
    silent = entries[-1]  # a centre where nothing was due
    told = replace(silent, outside={Indicator.TEST_COMPLETION: 12})
    heading = Heading("府谷县禁毒委员会办公室", "610822000000", "府谷县", date(2021, 6, 17))
    period = period_of(date(2021, 6, 10))
    without, with_it = (assemble(period, DEFAULT_RULES, [entry], heading).towns[0] for entry in (silent, told))
    cell = with_it.cells[2]
    assert (cell.base, cell.outside, cell.rate, cell.weight) == (Base.UNKNOWN, 12, None, 0)
    assert {other.base for other in with_it.cells if other is not cell} == {Base.NOTHING_DUE}
    assert (with_it.score, with_it.colour) == (without.score, without.colour) == (None, Colour.NOT_RATED)
