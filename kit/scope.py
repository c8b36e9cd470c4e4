"""Whom a caller reaches, decided by one object for every list, count, search, export, figure, feed and import (DESIGN laws 13 and 15).

A `Scope` holds the places that a caller is responsible for, as prefixes of division codes (GB/T 10114: county 6, town 9, village 12 digits), or the one
person that the caller is. It answers in Python (`reaches`) and in SQL (`where`, `towns`, `person`), and both always agree. An empty scope reaches nobody:
taking all towns away from an account leaves it nothing.

How a noun uses it:

- One object: `if not work.scope.reaches(row.division_code): raise ThingNotFound` (in `policy.py`).
- A list through SQLAlchemy: `select(Thing).where(work.scope.where(col(Thing.division_code), col(Thing.person_id)))`.
- A list in SQL text: `division_code like any(%(towns)s::text[])` with `towns=scope.towns`; persons: `scope.people`.
- A filter by town: `scope = work.scope.within(division_code)`, which raises OutsideScope, and takes codes of 6, 9 and 12 digits alike.

No other place may compare a division code with a prefix (tests/house).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, or_, true

from kit.problems import Forbidden

_WHOLE = re.compile(r"[0-9]{6}[0-9L][0-9]{5}")
_SHORT = re.compile(r"[0-9]{6}([0-9L][0-9]{2})?")


class OutsideScope(Forbidden):
    """The division lies outside the places that the caller is responsible for."""

    slug = "outside-scope"
    title_zh = "不在您的辖区"
    title_en = "Outside the places that you are responsible for"


def division_prefix(code: str) -> str:
    """What all codes of a division and of the places in it begin with: `110101000000` → `110101`, `110101100` and `110101100000` → `110101100`, and the
    same for a service centre (`110101L01000`).

    A village and a grid are their own prefix.
    """
    if not _WHOLE.fullmatch(code):
        return code
    if code.endswith("000000"):
        return code[:6]
    return code[:9] if code.endswith("000") else code


def division_code(code: str) -> str:
    """The stored form of a division code: 12 digits for a county, town or service centre that is given with 6 or 9; any other form is returned as it is."""
    return code.ljust(12, "0") if _SHORT.fullmatch(code) else code


@dataclass(frozen=True, slots=True)
class Scope:
    """The places that a caller is responsible for, or the one person that the caller is."""

    prefixes: tuple[str, ...] = ()
    """Prefixes of division codes. The empty prefix reaches every place: only a service of this house has it."""
    person: str | None = None
    """The id of the caller's own record (role `subject`)."""
    people: frozenset[UUID] | None = None
    """The only persons whom the caller reaches in these places: a worker's caseload. None: everybody there."""

    @classmethod
    @lru_cache(maxsize=4096)
    def of(cls, codes: tuple[str, ...], person: str | None = None, people: frozenset[UUID] | None = None) -> Scope:
        """The scope of these divisions, whose codes may have 6, 9 or 12 digits."""
        return cls(tuple(division_prefix(code) for code in codes), person, people)

    @property
    def towns(self) -> list[str]:
        """LIKE patterns for SQL text: `division_code like any(%(towns)s::text[])`. An empty array matches no row."""
        return [re.sub(r"([\\%_])", r"\\\1", prefix) + "%" for prefix in self.prefixes]

    def reaches(self, code: str, person_id: object = None) -> bool:
        """Whether the caller may act on something in this division, or about this person."""
        own = self.person is not None and str(person_id) == self.person
        cared = self.people is None or person_id is None or UUID(str(person_id)) in self.people
        return own or (code.startswith(self.prefixes) and cared)

    def where(self, column: Any, person_column: Any = None) -> ColumnElement[bool]:
        """The same as a condition: rows whose division is reached, or that are about the caller."""
        places = [true() if prefix == "" else column.startswith(prefix, autoescape=True) for prefix in self.prefixes]
        own = [] if self.person is None or person_column is None else [person_column == UUID(self.person)]
        cared = true() if self.people is None or person_column is None else person_column.in_(self.people)
        return or_(and_(or_(false(), *places), cared), *own)

    def within(self, code: str | None) -> Scope:
        """The part of this scope that lies in one division; all of it for None. Raises OutsideScope when the division is not reached as a whole."""
        if code is None:
            return self
        prefix = division_prefix(division_code(code))
        if not prefix.startswith(self.prefixes):
            raise OutsideScope
        return Scope((prefix,), people=self.people)

    def require(self, code: str) -> None:
        """Raises OutsideScope when the division is not reached."""
        if not self.reaches(division_code(code)):
            raise OutsideScope
