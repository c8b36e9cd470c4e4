"""Sealed values open only in their own place, and the index finds without telling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.sealed import CannotOpen, Sealer, masked

SEALER = Sealer("registry", {"k1": b"1" * 32}, "k1")


@given(st.text(max_size=200))
def test_what_was_sealed_opens_in_its_place(value: str) -> None:
    stored = SEALER.seal(value, "person", "phone", "row-1")
    assert SEALER.open(stored, "person", "phone", "row-1") == value


@pytest.mark.parametrize(
    "place", [("person", "phone", "row-2"), ("person", "address", "row-1"), ("people", "phone", "row-1"), ("personp", "hone", "row-1")]
)
def test_a_value_moved_to_another_place_does_not_open(place: tuple[str, str, str]) -> None:
    stored = SEALER.seal("16900000001", "person", "phone", "row-1")
    with pytest.raises(CannotOpen):
        SEALER.open(stored, *place)


@given(st.integers(0, 60), st.integers(1, 255))
def test_a_changed_byte_is_noticed(position: int, change: int) -> None:
    stored = bytearray(SEALER.seal("16900000001", "person", "phone", "row-1"))
    stored[position % len(stored)] ^= change
    with pytest.raises(CannotOpen):
        SEALER.open(bytes(stored), "person", "phone", "row-1")


def test_old_keys_open_and_the_new_one_seals() -> None:
    rotated = Sealer("registry", {"k1": b"1" * 32, "k2": b"2" * 32}, "k2")
    assert rotated.open(SEALER.seal("x", "t", "c", "r"), "t", "c", "r") == "x"
    with pytest.raises(CannotOpen):
        SEALER.open(rotated.seal("x", "t", "c", "r"), "t", "c", "r")
    assert rotated.index("id_number", "1") == SEALER.index("id_number", "1")


def test_the_index_differs_by_purpose_and_key() -> None:
    other = Sealer("registry", {"k1": b"3" * 32}, "k1")
    assert len({SEALER.index("id_number", "1"), SEALER.index("phone", "1"), other.index("id_number", "1")}) == 3


def test_masks_show_the_ends_only() -> None:
    assert masked("990822198005060013") == "990822**********13"
    assert masked("1234", 6, 2) == "****"
