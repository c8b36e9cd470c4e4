"""Pure rules of laboratories: who may do which stage."""

from __future__ import annotations

from datetime import date
from typing import Literal, Protocol, get_args
from uuid import UUID

Qualification = Literal["forensic", "medical"]
QUALIFICATIONS: tuple[Qualification, ...] = get_args(Qualification)
"""`forensic`: forensic-qualified (鉴定资质); `medical`: qualified medical institution. Only the first may re-test (DTP art. 4)."""


class Institution(Protocol):
    """What tells one laboratory from another."""

    id: UUID
    name: str
    certificate_no: str


def designated_on(valid_from: date, valid_to: date | None, day: date) -> bool:
    """Whether a designation runs on a day."""
    return valid_from <= day and (valid_to is None or day < valid_to)


def may_test(qualification: str) -> bool:
    """A laboratory test: forensic qualification or a qualified medical institution (DTP art. 4)."""
    return qualification in ("forensic", "medical")


def same_institution(one: Institution, other: Institution) -> bool:
    """Whether two entries stand for one institution: it may be entered twice under two codes, but it has one name and one certificate."""
    return one.id == other.id or _plain(one.name) == _plain(other.name) or _plain(one.certificate_no) == _plain(other.certificate_no)


def _plain(text: str) -> str:
    return "".join(text.split()).casefold()


def may_retest(qualification: str, *, same_as_first: bool) -> bool:
    """A re-test: forensic qualification only, and never the institution of the first laboratory test (DTP art. 4, 14)."""
    return qualification == "forensic" and not same_as_first
