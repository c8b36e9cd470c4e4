"""Whatever a client says where it was: it is told so before the stream begins, and no stream is cut by it (WHATWG HTML 9.2.4)."""

from __future__ import annotations

import json

import pytest

from kit.roles import Role
from tests.houses import TestHouse

HOSTILE = (
    "99999999999999999999.1",  # more than a transaction id of Postgres holds
    "1.99999999999999999999",
    "18446744073709551616.0",
    "0.9223372036854775808",
    "1" * 39 + ".1",
    "-1.1",
    "1.-1",
    "1e5.1",
    "+1.1",
    " 1.1 x",
    "1",
    ".",
    "1.2.3.4",
    "a.b",
    "0x1.1",
    "\u00b2.1",
    "1.1;drop",
    "%31.1",
)


@pytest.mark.parametrize("position", HOSTILE)
async def test_no_position_is_answered_by_a_stream_that_breaks(house: TestHouse, position: str) -> None:
    officer = house.caller("alerts", Role.COUNTY_OFFICER)
    answer = await officer("GET", "/alerts/v1/stream", last_event_id=position)
    assert answer.status == 422, answer.body
    assert json.loads(answer.body)["errors"][0]["pointer"] == "/header/Last-Event-ID"


@pytest.mark.parametrize("position", ["9223372036854775807.1", "4000000000.7", "ffff.12.1", "9223372036854775807.9223372036854775807"])
async def test_a_position_that_this_house_never_gave_is_gone(house: TestHouse, position: str) -> None:
    officer = house.caller("alerts", Role.COUNTY_OFFICER)
    answer = await officer("GET", "/alerts/v1/stream", last_event_id=position)
    assert answer.status == 410, answer.body
