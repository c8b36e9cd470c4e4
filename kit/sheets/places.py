"""Divisions by the names people use: full name, alias, stem with another ending (神木县 for 神木市), a province in front.

A name is looked for on given levels and, where possible, below a given division; a name that exists only elsewhere is reported as such.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from kit.sheets.plain import LONGEST_WORD, compact
from kit.sheets.vocabulary import Place


class Gazetteer:
    """An index of places. `tails` are endings such as 镇 and 便民服务中心, `provinces` names that may stand in front."""

    def __init__(self, places: Iterable[Place], provinces: Sequence[str], tails: Sequence[str]) -> None:
        self.places = {place.code: place for place in places}
        self._tails = sorted(map(compact, tails), key=len, reverse=True)
        self._provinces = sorted(map(compact, provinces), key=len, reverse=True)
        self._exact: dict[str, list[Place]] = defaultdict(list)
        self._stems: dict[str, list[Place]] = defaultdict(list)
        for place in self.places.values():
            names = {compact(name) for name in (place.name, *place.aliases) if name.strip()}
            for name in names:
                self._exact[name].append(place)
            for stem in {self.stem(name) for name in names}:
                if len(stem) > 1:
                    self._stems[stem].append(place)
        names = sorted((name for name in self._exact if len(name) > 1), key=len, reverse=True)
        self._scan = re.compile("|".join(map(re.escape, names)) or r"(?!)")

    def stem(self, name: str) -> str:
        """A compact name without its ending."""
        for tail in self._tails:
            if name.endswith(tail) and len(name) > len(tail):
                return name[: -len(tail)]
        return name

    def find(self, text: str, levels: frozenset[str], within: str | None = None) -> tuple[list[str], bool]:
        """(codes, True) of the places so named, below `within` if that is given; (codes, False) when they only lie elsewhere."""
        name = compact(text[:LONGEST_WORD])
        candidates = self._named(name, levels)
        if not candidates:
            for province in self._provinces:
                if name.startswith(province) and len(name) > len(province):
                    candidates = self._named(name[len(province) :], levels)
                    if candidates:
                        break
        if not candidates:
            candidates = self._ending(name, levels)
        below = [place for place in candidates if within in place.parents] if within is not None else candidates
        return [place.code for place in below or candidates], bool(below) or not candidates

    def _named(self, name: str, levels: frozenset[str]) -> list[Place]:
        found = [place for place in self._exact.get(name, ()) if place.level in levels]
        if not found:
            stem = self.stem(name)
            found = [place for place in self._exact.get(stem) or self._stems.get(stem, ()) if place.level in levels]
            official = [place for place in found if compact(place.name) == name]
            found = official or found
        return found

    def _ending(self, name: str, levels: frozenset[str]) -> list[Place]:
        """A whole chain in one cell (某省某县某镇): the longest name that ends it."""
        for start in range(1, max(len(name) - 1, 1)):
            found = [place for place in self._exact.get(name[start:], ()) if place.level in levels]
            if found:
                return found
        return []

    def mentioned(self, text: str, levels: frozenset[str]) -> list[str]:
        """Codes of places on `levels` that a title, sheet or file name mentions; a longer name of any level masks a shorter one."""
        found: list[str] = []
        for match in self._scan.finditer(compact(text[:LONGEST_WORD])):
            on_level = [place.code for place in self._exact[match[0]] if place.level in levels]
            if len(on_level) == 1 and on_level[0] not in found:
                found.append(on_level[0])
        return found
