"""Rules of the catalogue: pure, standard library only.

`file` reads a list, `names` finds the entries that a word names, `organs` finds the competent organs.
"""

from __future__ import annotations

from typing import Literal, get_args

EntryChange = Literal["reclassified", "delisted"]


ControlLevel = Literal["national", "provincial_watch"]
CONTROL_LEVELS: tuple[ControlLevel, ...] = get_args(ControlLevel)

Subtype = Literal["", "pharmaceutical", "non_pharmaceutical"]
SUBTYPES: tuple[Subtype, ...] = get_args(Subtype)

Found = Literal["name", "synonym", "english", "cas", "strength", "salt", "preparation", "mixture"]
"""How a word was matched with its entry: by a name of the list itself, or because the annex's notes extend the entry to it."""

Change = Literal["listed", "delisted", "reclassified"]
"""What a change of the list does to a chemical from its day on."""
CHANGES: tuple[Change, ...] = get_args(Change)
