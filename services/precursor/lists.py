"""Keyset pages of this service's lists: newest id last, bound to caller and filter (API.md section 1)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, Protocol, TypeVar
from uuid import UUID

from fastapi import Query

from kit.pages import LIMIT, MAX_LIMIT, BadCursor, Cursors
from kit.work import Work

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]
Cursor = Annotated[str | None, Query(max_length=400)]
DEFAULT_LIMIT = LIMIT


class Listed(Protocol):
    """A row of a list."""

    id: UUID


RowT = TypeVar("RowT", bound=Listed)


async def page(
    work: Work, filters: dict[str, Any], cursor: str | None, limit: int, ask: Callable[[UUID | None, int], Awaitable[Sequence[RowT]]]
) -> tuple[Sequence[RowT], str | None]:
    """Up to `limit` rows after the cursor and the next cursor. `ask(after, size)` is the repository's question. Raises BadCursor."""
    bound = {key: value for key, value in filters.items() if value is not None} | {"scope": list(work.principal.scope)}
    cursors = Cursors(work.sealer)
    position = cursors.read(cursor, work.principal.subject, bound, 1)
    try:
        after = UUID(position[0]) if position else None
    except ValueError as error:
        raise BadCursor from error
    rows = await ask(after, limit + 1)
    if len(rows) <= limit:
        return rows, None
    shown = rows[:limit]
    return shown, cursors.make([str(shown[-1].id)], work.principal.subject, bound)


def scope_patterns(work: Work) -> list[str]:
    """The caller's divisions as LIKE patterns."""
    return [prefix + "%" for prefix in work.principal.scope]
