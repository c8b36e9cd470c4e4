"""One scope, in Python and in SQL: both answer the same, and empty is nobody."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Uuid, column, literal, select, text

from kit.scope import OutsideScope, Scope, division_code, division_prefix
from tests.houses import TestHouse

PLACES = ("990822000000", "990822100000", "990822100201", "990822101000", "990822L01000", "990822100201G01", "990823000000", "990823100000")
OWN = "01890000-0000-7000-8000-000000000001"
OTHER = "01890000-0000-7000-8000-000000000002"


@pytest.mark.parametrize(
    ("code", "prefix"),
    [
        ("990822", "990822"),
        ("990822000000", "990822"),
        ("990822100", "990822100"),
        ("990822100000", "990822100"),
        ("990822100201", "990822100201"),
        ("990822100201G01", "990822100201G01"),
        ("990822L01000", "990822L01"),
        ("990822L01", "990822L01"),
    ],
)
def test_a_prefix_is_what_a_place_and_the_places_in_it_begin_with(code: str, prefix: str) -> None:
    assert division_prefix(code) == prefix


def test_a_code_is_stored_with_twelve_digits() -> None:
    assert [
        division_code(code) for code in ("990822", "990822100", "990822100000", "990822L01000", "990822L01", "99", "99082210", "990822l01")
    ] == [
        "990822000000",
        "990822100000",
        "990822100000",
        "990822L01000",
        "990822L01000",
        "99",
        "99082210",
        "990822l01",
    ]


@given(
    st.lists(st.sampled_from(["990822", "990822100", "990822100000", "990823", "990822L01", "990822L01000"]), max_size=3),
    st.sampled_from(PLACES),
)
def test_two_lengths_of_a_code_reach_the_same(codes: list[str], place: str) -> None:
    assert Scope.of(tuple(codes)).reaches(place) == Scope.of(tuple(division_code(code) for code in codes)).reaches(place)


async def test_python_and_sql_agree(house: TestHouse) -> None:
    scopes = [Scope.of(codes) for codes in ((), ("990822",), ("990822100000",), ("990822100", "990823000000"), ("",), ("99_822",), ("%",))]
    scopes += [Scope.of((), OWN), Scope.of(("990823",), OWN)]
    scopes += [Scope(("990822",), people=people) for people in (frozenset(), frozenset({UUID(OTHER)}), frozenset({UUID(OWN), UUID(OTHER)}))]
    database = house.house.apps["registry"].state.house.database
    async with database.session() as session:
        for scope in scopes:
            for place in PLACES:
                for person in (OWN, OTHER):
                    rows = select(literal(place).label("place"), text(f"'{person}'::uuid as person")).subquery()
                    there = column("place"), column("person", Uuid)
                    asked = select(literal(1)).select_from(rows).where(scope.where(*there))
                    assert bool((await session.execute(asked)).first()) == scope.reaches(place, person), (scope, place, person)
                patterned = await session.execute(text("select :place like any(:towns)"), {"place": place, "towns": scope.towns})
                assert patterned.scalar_one() == scope.reaches(place), (scope, place)


def test_an_empty_scope_reaches_nobody_and_no_part_of_it_does() -> None:
    assert not Scope().reaches("990822100000")
    assert Scope().within(None) == Scope()
    with pytest.raises(OutsideScope):
        Scope().within("990822100")


def test_a_part_of_a_caseload_is_no_larger() -> None:
    bound = Scope(("990822",), people=frozenset({UUID(OWN)}))
    part = bound.within("990822100")
    assert part.reaches("990822100201", OWN)
    assert not part.reaches("990822100201", OTHER)
    assert part.reaches("990822100201"), "what is about nobody belongs to the town"


def test_a_part_of_a_scope_lies_inside_it() -> None:
    county = Scope.of(("990822",))
    assert county.within("990822100").reaches("990822100201")
    assert not county.within("990822100000").reaches("990822101000")
    for outside in ("990823", "990823100000", "99"):
        with pytest.raises(OutsideScope):
            county.within(outside)
    with pytest.raises(OutsideScope):
        Scope.of(("990822100",)).within("990822")
