"""How the list changes from one day to another: pure. A chemical's entries in their order are its history; an entry ends where the next begins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Protocol

from services.precursor.catalogue.rules import Change

NO_TEXT: Mapping[str, str] = dict.fromkeys(("authority_make_sell", "authority_purchase", "authority_transport", "authority_trade"), "")


class Dated(Protocol):
    """The fields of an entry in which a change shows."""

    name_zh: str
    category: int
    subtype: str
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class ListedChange:
    """One chemical, one day, and its change on that day."""

    name_zh: str
    change: Change
    from_day: date
    entry_from: date
    """First day of the entry that shows the change: the new one, or the one that ends."""
    before: int | None
    after: int | None


Spans = frozenset[ListedChange]


def end_older(entries: Iterable[Dated]) -> int:
    """End each entry where the next of the same chemical begins; the number that this ended.

    An entry with an earlier last day of its own keeps it.
    """
    ended = 0
    for chain in _chains(entries).values():
        for older, newer in pairwise(chain):
            if older.valid_to is None or older.valid_to > newer.valid_from:
                older.valid_to = newer.valid_from
                ended += 1
    return ended


def changes_in(entries: Iterable[Dated]) -> list[ListedChange]:
    """Every change in a list, oldest first."""
    found: list[ListedChange] = []
    for name, chain in _chains(entries).items():
        last: Dated | None = None
        for entry in chain:
            follows = last is not None and last.valid_to == entry.valid_from
            if not follows:
                found.append(ListedChange(name, "listed", entry.valid_from, entry.valid_from, None, entry.category))
            elif last is not None and (last.category, last.subtype) != (entry.category, entry.subtype):
                found.append(ListedChange(name, "reclassified", entry.valid_from, entry.valid_from, last.category, entry.category))
            last = entry
            following = [other for other in chain if other.valid_from == entry.valid_to]
            if entry.valid_to is not None and not following:
                found.append(ListedChange(name, "delisted", entry.valid_to, entry.valid_from, entry.category, None))
    return sorted(found, key=lambda change: (change.from_day, change.name_zh))


def spans_of(entries: Iterable[Dated]) -> Spans:
    """The changes of a list as a set, to be compared with those of another."""
    return frozenset(changes_in(entries))


def differences(before: Spans, after: Spans) -> Sequence[ListedChange]:
    """Changes that are in the new list and not in the old one, oldest first."""
    return sorted(after - before, key=lambda change: (change.from_day, change.name_zh))


def _chains(entries: Iterable[Dated]) -> dict[str, list[Dated]]:
    chains: dict[str, list[Dated]] = {}
    for entry in sorted(entries, key=lambda entry: entry.valid_from):
        chains.setdefault(entry.name_zh, []).append(entry)
    return chains
