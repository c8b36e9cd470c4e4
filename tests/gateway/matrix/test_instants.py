"""A moment has one form in every answer: RFC 3339 in UTC with `Z` (api.md 1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.gateway.matrix.county import County
from tests.gateway.matrix.test_scopes import ask, names

pytestmark = pytest.mark.anyio

MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}")
ONE_FORM = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{6})?Z")


def moments(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Where a moment stands, and how it is written."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from moments(part, f"{place}/{name}")
    elif isinstance(value, list):
        for part in value:
            yield from moments(part, f"{place}/*")
    elif isinstance(value, str) and MOMENT.match(value):
        yield place, value


async def test_a_moment_has_one_form_in_every_answer(county: County) -> None:
    """Every row that can be read, as each role that may: lists whose JSON Postgres makes and objects alike."""
    front, who = county.front, county.there
    wrong: set[str] = set()
    seen = 0
    for row in front.rows("GET"):
        if row.rate in ("stream", "export") or not names(row) <= who.ids.keys():
            continue
        for role in row.roles:
            reply = await ask(front, row, front.token(role, staff_id="S-A", person_id=who.id), who)
            if reply.status != 200 or "json" not in reply.headers.get("content-type", ""):
                continue
            for place, moment in moments(reply.json()):
                seen += 1
                if not ONE_FORM.fullmatch(moment):
                    wrong.add(f"{row.path} {place}: {moment}")
    assert not wrong, "\n".join(sorted(wrong))
    assert seen > 100
