"""No count of 1-4 people, nor anything it could be worked out from, leaves the county office."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.alerts.bulletins.disclosure import edition_for
from services.alerts.bulletins.figures import Audience, Bulletin, Heading, TownEntry, Withheld, assemble
from services.alerts.bulletins.formulas import DEFAULT_RULES
from services.alerts.bulletins.periods import period_of
from services.alerts.bulletins.rules import Colour, Count, Indicator, TownInputs

HEADING = Heading("府谷县禁毒委员会办公室", "610822000000", "府谷县", date(2021, 6, 17))


def test_the_county_office_keeps_every_count(bulletin: Bulletin) -> None:
    assert edition_for(bulletin, Audience.COUNTY_OFFICE) is bulletin


def test_what_was_withheld_cannot_be_put_back(bulletin: Bulletin) -> None:
    wide = edition_for(bulletin, Audience.UNITS)
    assert edition_for(wide, Audience.UNITS) is wide
    with pytest.raises(ValueError, match="cannot be put back"):
        edition_for(wide, Audience.COUNTY_OFFICE)


def test_hard_fails_are_named_without_their_number(bulletin: Bulletin) -> None:
    line = next(line for line in edition_for(bulletin, Audience.UNITS).towns if line.name == "清水镇")
    assert [fail.cases for fail in line.hard_fails] == [None]


def test_colours_stay_and_a_score_cut_to_whole_points_keeps_its_band(bulletin: Bulletin) -> None:
    wide = edition_for(bulletin, Audience.UNITS)
    assert [line.colour for line in wide.towns] == [line.colour for line in bulletin.towns]
    assert all(line.score is None or line.score == int(line.score) for line in wide.towns)
    orange = [line for line in wide.towns if line.own_colour is Colour.ORANGE and not line.hard_fails]
    assert all(line.score is not None and line.score < Decimal(85) for line in orange)


def test_the_wide_edition_has_its_own_digest(bulletin: Bulletin) -> None:
    assert edition_for(bulletin, Audience.UNITS).digest != bulletin.digest


count = st.integers(0, 14).flatmap(lambda due: st.builds(Count, st.integers(0, due), st.just(due)))
seven = st.fixed_dictionaries(dict.fromkeys(Indicator, count))


@settings(max_examples=150, deadline=None)
@given(st.lists(seven, min_size=1, max_size=5))
def test_no_small_count_can_be_read_or_worked_out_of_the_wide_edition(rows: list[dict[Indicator, Count]]) -> None:
    towns = [TownEntry(f"镇{n}", TownInputs(f"61082210{n}000", row, {})) for n, row in enumerate(rows)]
    wide = edition_for(assemble(period_of(date(2021, 6, 8)), DEFAULT_RULES, towns, HEADING), Audience.UNITS)
    for line, row in zip(wide.towns, rows, strict=True):
        kept_back = [cell for cell in line.cells if cell.withheld is not Withheld.NOTHING]
        unseen = [cell for cell in line.cells if cell.withheld is Withheld.ALL]
        for cell in line.cells:
            if cell.withheld is Withheld.NOTHING:
                assert cell.done is not None
                assert cell.due is not None
                assert not {cell.done, cell.due, cell.due - cell.done} & {1, 2, 3, 4}
            else:
                assert (cell.done, cell.due, cell.points, cell.lost) == (None, None, None, None)
            if cell.withheld is Withheld.COUNTS:
                assert cell.rate == round(cell.rate or 0, 2)
            if cell.withheld is Withheld.ALL:
                assert cell.rate is None
        if kept_back:
            assert all(cell.points is None for cell in line.cells)
        due = [i for i in Indicator if row[i].due]
        if unseen:
            assert len(unseen) > 1 or len(due) == 1
        if due and len(unseen) == len(due):
            assert line.score is None
    for column, cell in enumerate(wide.county.cells):
        rest = [
            row[cell.indicator] for row, line in zip(rows, wide.towns, strict=True) if line.cells[column].withheld is not Withheld.NOTHING
        ]
        if len(rest) == 1 or (rest and (sum(c.due for c in rest) < 5 or not any(c.done for c in rest))):
            assert (cell.done, cell.due, cell.rate) == (None, None, None)


def test_what_was_done_without_a_base_keeps_its_reason_and_loses_its_number(entries: tuple[TownEntry, ...]) -> None:
    told = [replace(entry, outside={Indicator.TEST_COMPLETION: 3}) for entry in entries]
    whole = assemble(period_of(date(2021, 6, 10)), DEFAULT_RULES, told, HEADING)
    wide = edition_for(whole, Audience.UNITS)
    assert whole.county.cells[2].outside == 63
    assert {cell.outside for line in (wide.county, *wide.towns) for cell in line.cells} == {None}
    assert [[cell.base for cell in line.cells] for line in wide.towns] == [[cell.base for cell in line.cells] for line in whole.towns]
