"""What the standard parser lets through is refused with a 4xx problem, never a 500 (RFC 8259, RFC 7493)."""

from __future__ import annotations

import json

from kit.roles import Role
from tests.houses import TestHouse

HOSTILE = {
    "NaN": b'{"id_number": NaN}',
    "Infinity": b'{"id_number": -Infinity}',
    "huge number": b'{"id_number": 1e999}',
    "huge integer": b'{"id_number": ' + b"9" * 400 + b"}",
    "lone surrogate": b'{"name": "\\ud800"}',
    "NUL": b'{"name": "a\\u0000b"}',
    "raw NUL": b'{"name": "a\x00b"}',
    "not UTF-8": b'{"name": "\xff\xfe"}',
    "duplicate name": b'{"name": "a", "name": "b"}',
    "deep": b"[" * 100_000,
    "deep and closed": b'{"a":' * 60 + b"1" + b"}" * 60,
    "cut": b'{"name": "a"',
    "empty": b"",
    "not an object": b"[1]",
    "a BOM": b"\xef\xbb\xbf{}",
    "text": b"name=a",
}


async def test_hostile_json_is_a_problem(house: TestHouse) -> None:
    officer = house.caller("registry", Role.COUNTY_OFFICER)
    headers = {"authorization": f"Bearer {officer.token()}", "purpose": "supervision", "content-type": "application/json"}
    for what, body in HOSTILE.items():
        for path in ("/registry/v1/people", "/registry/v1/people/search"):
            answer = await officer.neighbour.request("POST", path, headers=headers, body=body)
            assert 400 <= answer.status < 500, (what, answer.status, answer.body)
            assert answer.headers["content-type"] == "application/problem+json", what
            assert json.loads(answer.body)["type"].startswith("/problems/"), what
