"""The places of an account or client: division prefixes inside the county of this house, each in one form (kit.scope)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kit.problems import FieldError, Invalid, invalid
from kit.scope import division_code, division_prefix

_ENTRY = re.compile(r"[0-9]{6}([0-9L][0-9]{2}([0-9]{3})?)?")


def stored(scope: Sequence[str]) -> list[str]:
    """The entries as they are kept: `990022100000` and `990022100` are one town, written once."""
    return sorted({division_prefix(division_code(entry)) for entry in scope})


def check_scope(scope: Sequence[str], county: str, *, needed: bool) -> None:
    """Whether these are places of this county. Raises Invalid; an account of staff without any place reaches nobody and is not opened."""
    if needed and not scope:
        raise invalid("/scope", "scope_needed", "须填写辖区", "a scope is needed")
    faults = [
        FieldError(
            f"/scope/{place}", "scope_unfit", "辖区须为本县的 6、9 或 12 位区划代码", "a division of this county, in 6, 9 or 12 digits"
        )
        for place, entry in enumerate(scope)
        if not _ENTRY.fullmatch(entry) or not entry.startswith(county)
    ]
    if faults:
        raise Invalid(errors=faults[:50])
