"""The cursors of lists: bound to the caller, the caller's scope, the list, its order and its filters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from kit.lists.listing import Asked, Listing
from kit.pages import BadCursor, Cursors
from kit.work import Work

PAGING = frozenset({"cursor", "limit", "sort", "count", "format"})
"""Parameters that change between the pages of one question, or are bound by themselves; the path and all others are the question."""

READ: Mapping[str, Callable[[str], Any]] = {
    "uuid": UUID,
    "date": date.fromisoformat,
    "timestamptz": datetime.fromisoformat,
    "text": str,
    "bigint": int,
    "int": int,
}


def _bound(work: Work, listing: Listing, asked: Asked, filters: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in filters.items() if value is not None}
    place = [listing.name, asked.path, *sorted(pair for pair in parse_qsl(asked.query, keep_blank_values=True) if pair[0] not in PAGING)]
    return {"list": place, "sort": asked.sort, "scope": [list(work.scope.prefixes), work.scope.person], "filters": given}


def position(work: Work, listing: Listing, asked: Asked, filters: Mapping[str, Any], casts: Sequence[str]) -> list[Any] | None:
    bound = _bound(work, listing, asked, filters)
    found = Cursors(work.sealer).read(asked.cursor, work.principal.subject, bound, len(casts))
    if found is None:
        return None
    try:
        return [READ[cast](value) for cast, value in zip(casts, found, strict=True)]
    except ValueError as error:
        raise BadCursor from error


def following(work: Work, listing: Listing, asked: Asked, filters: Mapping[str, Any], last: Sequence[Any]) -> str:
    shown = [value.isoformat() if isinstance(value, date) else str(value) for value in last]
    return Cursors(work.sealer).make(shown, work.principal.subject, _bound(work, listing, asked, filters))
