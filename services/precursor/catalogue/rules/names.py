"""What a word of a ledger or a form stands for in the catalogue of a day.

A word is taken for an entry when it is one of its names, or when the annex extends the entry to it: salts of class 1 and 2 (PCR annex note 2: 可能存在的盐类),
the active ingredient and single-ingredient preparations of pharmaceutical precursors (note 3: 原料药及其单方制剂). A grade or a strength does not make another
chemical; a mixture is each of its named parts. For everything else a person is asked; nothing is guessed. `suggestions` shows the likely entries.
The words that mark salts, grades and preparations are data (`words.csv`).
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from services.precursor.catalogue.rules import Found

WORDS = Path(__file__).with_name("words.csv")
MAX_PARTS = 12
SUGGESTIONS = 5
CLOSE = 0.6
"""DEFAULT likeness (Ratcliff/Obershelp) from which a name is suggested to a person."""

_STRENGTH = re.compile(r"\(?\s*(?:[≥>~约]\s*)?\d+(?:\.\d+)?\s*%\s*\)?")
_JOINT = re.compile(r"[、;/+]|和|与|及|以及|(?<!\d),|,(?!\d)| and ")
_BLANKS = re.compile(r"\s+")
_HAN_BLANK = re.compile(r"(?<=[\u4e00-\u9fff])\s+|\s+(?=[\u4e00-\u9fff])")


class Entry(Protocol):
    """What finding a name needs to know of an entry of the list."""

    name_zh: str
    name_en: str
    synonyms: list[str]
    cas: list[str]
    category: int
    subtype: str
    is_group: bool
    salts_controlled: bool
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class Resolution:
    """The entries that a word stands for (several for a mixture), and how it was found."""

    entries: tuple[Entry, ...]
    found: Found


@lru_cache(maxsize=1)
def words() -> Mapping[str, tuple[str, ...]]:
    """Kind → words of `words.csv`, longest first, so that 半硫酸盐 is tried before 硫酸盐."""
    kinds: dict[str, list[str]] = {}
    with WORDS.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            kinds.setdefault(row["kind"], []).append(row["word"])
    return {kind: tuple(sorted(listed, key=len, reverse=True)) for kind, listed in kinds.items()}


@lru_cache(maxsize=1)
def variants() -> tuple[tuple[str, str], ...]:
    """(usual writing, writing of the list): 麻黄碱 is what pharmacopoeias call 麻黄素."""
    return tuple((usual, listed) for usual, _, listed in (word.partition("=") for word in words()["variant"]))


def tidied(word: str) -> str:
    """A word as names are compared: one width (NFKC), one case, no blanks beside Chinese characters."""
    text = unicodedata.normalize("NFKC", word).casefold().strip()
    return _HAN_BLANK.sub("", _BLANKS.sub(" ", text))


def in_force(entry: Entry, day: date) -> bool:
    """Whether an entry is in force on a day: from its first day on, until the day before its last."""
    return entry.valid_from <= day and (entry.valid_to is None or day < entry.valid_to)


class Names:
    """The names of the catalogue on one day, and those that it had or will have on other days."""

    def __init__(self, entries: Iterable[Entry], day: date) -> None:
        self.day = day
        self._all = tuple(entries)
        self._now = tuple(entry for entry in self._all if in_force(entry, day))
        self._names = _index(self._now)
        self._cas: dict[str, list[Entry]] = {}
        for entry in self._now:
            if not entry.is_group:  # the numbers of a group are examples (domain 7.1)
                for number in entry.cas:
                    self._cas.setdefault(number, []).append(entry)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What is in force on the day."""
        return self._now

    def resolve(self, word: str) -> Resolution | None:
        """What a word stands for on the day. None: a person must be asked."""
        text = tidied(word)
        return self._single(text) or self._mixture(text)

    def was_listed(self, word: str) -> bool:
        """Whether the word was in the catalogue before the day and has left it: it is known, but no longer controlled."""
        past = [entry for entry in self._all if entry.valid_to is not None and entry.valid_to <= self.day]
        return self.resolve(word) is None and Names.of(past).resolve(word) is not None

    def will_be_listed(self, word: str) -> bool:
        """Whether the word enters the catalogue on a later day that the list already names."""
        return self.resolve(word) is None and Names.of([e for e in self._all if e.valid_from > self.day]).resolve(word) is not None

    def suggestions(self, word: str) -> list[Entry]:
        """Entries that might have been meant, the likeliest first: for a person to choose from."""
        text = tidied(word)
        ranked = sorted(
            ((max(_likeness(text, name) for name in _names_of(entry)), entry.name_zh, entry) for entry in self._now),
            key=lambda item: (-item[0], item[1]),
        )
        return [entry for likeness, _, entry in ranked[:SUGGESTIONS] if likeness >= CLOSE]

    @classmethod
    def of(cls, entries: Sequence[Entry]) -> Names:
        """Names of these entries whatever the day."""
        made = cls((), date.min)
        made._all = made._now = tuple(entries)
        made._names = _index(entries)
        return made

    def _single(self, text: str) -> Resolution | None:
        direct = self._named(text)
        if direct is not None:
            return direct
        for usual, listed in variants():
            if usual in text and listed not in text and (other := self._single(text.replace(usual, listed))) is not None:
                return other
        bare = _bare(text)
        if bare != text and (direct := self._single(bare)) is not None:
            return Resolution(direct.entries, "strength" if direct.found in ("name", "synonym", "english", "cas") else direct.found)
        return self._salt(text) or self._preparation(text)

    def _named(self, text: str) -> Resolution | None:
        if text in self._names:
            return self._names[text]
        numbered = self._cas.get(text, [])
        return Resolution((numbered[0],), "cas") if len(numbered) == 1 else None

    def _salt(self, text: str) -> Resolution | None:
        """A salt of an entry whose salts are controlled: an acid before or behind the name of a base, a metal behind the name of an acid."""
        bases = [text.removeprefix(acid) for acid in words()["salt_prefix"] if text.startswith(acid)]
        bases += [text.removesuffix(salt) for salt in words()["salt_suffix"] if text.endswith(salt)]
        acids = [text.removesuffix(metal) for metal in words()["metal_suffix"] if text.endswith(metal)]
        for name in (*(b for b in bases if any(part in b for part in words()["basic_part"])), *(a for a in acids if a.endswith("酸"))):
            found = self._named(name)
            if found is not None and found.entries[0].salts_controlled and found.entries[0].category in (1, 2):
                return Resolution(found.entries, "salt")
        return None

    def _preparation(self, text: str) -> Resolution | None:
        """The active ingredient or a preparation with one ingredient; 复方 has several and is not meant by the annex."""
        if any(text.startswith(prefix) for prefix in words()["compound_prefix"]):
            return None
        for form in words()["preparation_suffix"]:
            if text.endswith(form):
                found = self._named(text.removesuffix(form)) or self._salt(text.removesuffix(form))
                if found is not None and found.entries[0].subtype == "pharmaceutical":
                    return Resolution(found.entries, "preparation")
        return None

    def _mixture(self, text: str) -> Resolution | None:
        whole = next((text.removesuffix(suffix) for suffix in words()["mixture_suffix"] if text.endswith(suffix)), None)
        parts = [part.strip() for part in _JOINT.split(whole if whole is not None else text) if part.strip()]
        if len(parts) > MAX_PARTS or (whole is None and len(parts) < 2):
            return None
        found = [self._single(part) for part in parts]
        entries = [entry for resolution in found if resolution is not None for entry in resolution.entries]
        if not found or None in found:  # an unknown part: a person must say what the mixture contains
            return None
        return Resolution(tuple({entry.name_zh: entry for entry in entries}.values()), "mixture")


def _names_of(entry: Entry) -> set[str]:
    return {tidied(name) for name in (entry.name_zh, *entry.synonyms, *_english(entry.name_en))}


def _english(name: str) -> tuple[str, ...]:
    """`phenylacetone (P2P, BMK)` matches its name alone and each name in the brackets."""
    head, bracket, others = name.partition(" (")
    return (name, head, *others.removesuffix(")").split(", ")) if bracket else (name,)


def _index(entries: Iterable[Entry]) -> dict[str, Resolution]:
    index: dict[str, Resolution] = {}
    for entry in entries:
        ranks: tuple[tuple[Found, Iterable[str]], ...] = (
            ("english", _english(entry.name_en)),
            ("synonym", entry.synonyms),
            ("name", (entry.name_zh,)),
        )
        for found, names in ranks:
            for name in names:
                held = index.get(tidied(name))
                if held is None or held.entries[0].category >= entry.category or found == "name":
                    index[tidied(name)] = Resolution((entry,), found)
    return index


def _bare(text: str) -> str:
    """Without percentages, grades and the like."""
    bare = _STRENGTH.sub("", text)
    for prefix in words()["strength_prefix"]:
        bare = bare.removeprefix(prefix)
    for suffix in words()["strength_suffix"]:
        bare = bare.removesuffix(suffix).removesuffix(f"({suffix})")
    return bare.strip().removesuffix("()").strip() or text


def _likeness(one: str, other: str) -> float:
    if len(other) > 1 and (other in one or (len(one) > 1 and one in other)):
        return 1.0 - abs(len(one) - len(other)) / (10 * max(len(one), len(other)))
    return SequenceMatcher(None, one, other).ratio()
