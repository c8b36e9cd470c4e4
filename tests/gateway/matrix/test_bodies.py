"""What stands in a body: unknown fields, other content types, and what is no JSON at all."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from gateway.edge.routes import Route
from gateway.identity.machines import ASSERTION_TYPE, GRANT
from tests.gateway.matrix.bodies import hostile, with_extremes, with_strangers
from tests.gateway.matrix.front import OTHER_BODIES, Front, needed_headers, pointers

pytestmark = pytest.mark.anyio

KINDS = (
    "text/plain",
    "application/xml",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "application/octet-stream",
    "no/kind/at=all",
    "",
)


def with_json(front: Front) -> Iterator[tuple[Route, dict[str, Any]]]:
    """(row, schema) of every row that takes JSON."""
    for row in front.table.routes:
        content = front.operation(row).get("requestBody", {}).get("content", {})
        if "application/json" in content:
            yield row, content["application/json"]["schema"]


async def send(front: Front, row: Route, body: Any, **headers: str) -> Any:
    """A careful request of this row with a body."""
    token = None if row.public else front.somebody(row)
    return await front.ask(row.method, front.path(row), token, body, {**needed_headers(row), **headers})


async def test_an_unknown_field_is_named_wherever_it_stands(front: Front) -> None:
    """422 with the pointer: at the top, and inside every object that the body holds."""
    wrong: list[str] = []
    for row, schema in with_json(front):
        for body, pointer in with_strangers(schema, front.document):
            reply = await send(front, row, body)
            front.checks["unknown fields"] += 1
            if reply.status != 422 or pointer not in pointers(reply):
                wrong.append(f"{row.method} {row.path} {pointer}: {reply.status} {reply.body[:300].decode()}")
    assert not wrong, "\n".join(wrong)


async def test_every_body_lists_its_fields(front: Front) -> None:
    """A body without a list of fields would take anything; free maps are no bodies."""
    open_bodies = [f"{row.method} {row.path}" for row, schema in with_json(front) if not list(with_strangers(schema, front.document))]
    assert not open_bodies, "\n".join(open_bodies)


async def test_what_is_no_json_is_refused(front: Front) -> None:
    """A 4xx problem for each, on each row: never a crash, never taken."""
    wrong: list[str] = []
    for row, _ in with_json(front):
        needed = front.operation(row)["requestBody"].get("required", False)
        for what, body in hostile().items():
            if len(body) <= row.body_limit and (needed or what != "null"):  # where a body may be missing, null says that it is
                reply = await send(front, row, body, **{"content-type": "application/json"})
                front.checks["hostile bodies"] += 1
                if not 400 <= reply.status < 500 or reply.status in (401, 403, 404):
                    wrong.append(f"{row.method} {row.path} with {what}: {reply.status}")
    assert not wrong, "\n".join(wrong)


async def test_another_content_type_is_refused(front: Front) -> None:
    """A good body under a wrong name, or under none, is not read; neither is a hostile one that hides behind another name of JSON."""
    wrong: list[str] = []
    for row, _ in with_json(front):
        body, _ = front.a_body(row)
        optional = not front.operation(row)["requestBody"].get("required")
        tries: list[tuple[str, Any]] = [(kind, b'{"a": 1}' if body is None else body) for kind in KINDS]
        tries += [
            ("application/vnd.guikang+json", b'{"a":NaN,"a":1}'),
            ("application/json; charset=utf-16", '{"a":1}'.encode("utf-16")),
            ("text/json", b'{"a":NaN}'),
        ]
        for kind, content in tries:
            reply = await send(front, row, content, **{"content-type": kind})
            front.checks["wrong content types"] += 1
            if not 400 <= reply.status < 500 or reply.status in (401, 403) or (reply.status == 404 and not optional):
                wrong.append(f"{row.method} {row.path} as {kind or 'nothing'}: {reply.status} {reply.body[:150].decode()}")
    assert not wrong, "\n".join(wrong)


async def test_files_and_forms_that_are_none_are_refused(front: Front) -> None:
    """Rows that take no JSON: half a form, no boundary, bytes of no file, nothing at all."""
    wrong: list[str] = []
    bodies = (
        b"",
        b"\x00\xff" * 50,
        b"--edge\r\n\r\n",
        b'--edge\r\nContent-Disposition: form-data; name="files"\r\n\r\n\xff\r\n--edge--\r\n',
        b'{"a":NaN}',
    )
    for row in front.table.routes:
        content = front.operation(row).get("requestBody", {}).get("content", {})
        for kind in sorted(content.keys() - {"application/json"}):
            for named in (OTHER_BODIES[kind][0], kind, "application/json", ""):
                for body in bodies[1:] if kind == "application/x-ndjson" else bodies:  # no lines are no mistake
                    reply = await send(front, row, body, **{"content-type": named})
                    front.checks["wrong files and forms"] += 1
                    if not 400 <= reply.status < 500 or (reply.status in (403, 404)):
                        wrong.append(
                            f"{row.method} {row.path} as {named or 'nothing'} {body[:20]!r}: {reply.status} {reply.body[:200].decode()}"
                        )
    assert not wrong, "\n".join(wrong)


async def test_an_extreme_value_breaks_nothing(front: Front) -> None:
    """The ends of the calendar and of the numbers, endless texts, signs that turn the writing round: taken or refused, as the field means."""
    crashed: list[str] = []
    for row, schema in with_json(front):
        for body, name in with_extremes(schema, front.document):
            reply = await send(front, row, body)
            front.checks["extreme values"] += 1
            if reply.status >= 500:
                crashed.append(f"{row.method} {row.path} {name}={str(body[name])[:40]}: {reply.status}")
    assert not crashed, "\n".join(crashed)


def _segment(part: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


async def test_a_machines_assertion_that_holds_what_no_text_may_hold_is_refused_like_any_other(front: Front) -> None:
    """The assertion is read before it is verified: its texts are a stranger's."""
    for subject in ("nul\x00", "\ud800", "x" * 4000, "😀", 7, None, [], {}):
        claims = {"iss": subject, "sub": subject, "jti": "12345678", "aud": "guikang-gateway"}
        assertion = f"{_segment({'alg': 'EdDSA', 'typ': 'JWT', 'kid': subject})}.{_segment(claims)}.AAAA"
        form = {"grant_type": GRANT, "client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
        reply = await front.ask(
            "POST", "/auth/v1/token", None, urlencode(form).encode(), {"content-type": "application/x-www-form-urlencoded"}
        )
        front.checks["strange assertions"] += 1
        assert reply.status in (400, 401, 422), (subject, reply.status)


NAMES = ("a\x00.csv", "..\\..\\a.csv", "/etc/passwd", "\u202egpj.csv", "", "名册.csv" + "x" * 300, "a%0d%0ab.csv")
CONTENTS = (
    "姓名,身份证号,现居住地\r\n张\x00三,990822198005061236,府谷镇\r\n\x00,\x00,\x00\r\n",
    "企业名称,类别\r\n甲\x00厂,\x00\r\n",
    "PK\x03\x04",
)


async def test_a_ledger_of_strange_signs_is_read_or_refused(front: Front) -> None:
    """File names and cells with NUL, with ways to other folders, with nothing: each import comes to an end of its own, the house goes on."""
    ended: list[str] = []
    made: list[tuple[str, str]] = []
    token = front.token("county_officer")
    for row in front.rows("POST"):
        if row.path.endswith("/ledger-imports"):
            names = NAMES if row.service == "registry" else ()  # the door for files is the same one everywhere
            for name, content in [*((name, CONTENTS[0] + name) for name in names), *(("a.csv", content) for content in CONTENTS)]:
                head = f'--edge\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\nContent-Type: text/csv\r\n\r\n'
                body = f"{head}{content}\r\n--edge--\r\n".encode()
                kind = {"content-type": OTHER_BODIES["multipart/form-data"][0]}
                reply = await front.ask("POST", row.path, front.token("county_officer"), body, kind)
                front.checks["strange ledgers"] += 1
                made += [(row.path, reply.json()["items"][0]["id"])] if reply.status == 202 else []
    await front.house.step()
    for path, import_id in made:
        found = (await front.ask("GET", f"{path}/{import_id}", token)).json()
        ended += [f"{path} {found['file_name']!r} is {found['state']}"] if found["state"] in ("queued", "reading") else []
        ended += [f"{path} keeps the name {found['file_name']!r}"] if set(found["file_name"]) & set("/\\\x00\u202e") else []
    assert made
    assert not ended, "\n".join(ended)
