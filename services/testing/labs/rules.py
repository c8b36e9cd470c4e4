"""Pure rules of laboratories: who may do which stage."""

from __future__ import annotations

from datetime import date


def designated_on(valid_from: date, valid_to: date | None, day: date) -> bool:
    """Whether a designation runs on a day."""
    return valid_from <= day and (valid_to is None or day < valid_to)


def may_test(qualification: str) -> bool:
    """A laboratory test: forensic qualification or a qualified medical institution (DTP art. 4)."""
    return qualification in ("forensic", "medical")


def may_retest(qualification: str, *, same_as_first: bool) -> bool:
    """A re-test: forensic qualification only, and never the institution of the first laboratory test (DTP art. 4, 14)."""
    return qualification == "forensic" and not same_as_first
