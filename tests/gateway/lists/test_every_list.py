"""Every list of the house, asked through the front door with real rows: nothing is lost between pages, and each form tells the same."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import openpyxl
import psycopg
import pytest

from gateway.edge.routes import Route
from kit.lists.listing import NDJSON, XLSX
from kit.names import KINDS, name_of
from kit.roles import Role
from tests.contracts.test_lists import ASKED, EXCEPTIONS, lacks, reads_of_several
from tests.gateway.lists.rows import ACCOUNT, OTHER_ACCOUNT, Rows
from tests.gateway.matrix.bodies import example, resolved
from tests.gateway.matrix.county import TOWN
from tests.gateway.matrix.front import Front

pytestmark = pytest.mark.anyio

READERS = (
    Role.COUNTY_OFFICER,
    Role.POLICE_OFFICER,
    Role.ADMINISTRATOR,
    Role.AUDITOR,
    Role.GRID_WORKER,
)
"""Who is asked first: whoever sees most."""
AS: Mapping[str, dict[str, Any]] = {
    "/registry/v1/visits/tasks": {"staff_id": "G-A1"},
    "/auth/v1/sessions": {"subject": ACCOUNT},
}
NEEDED: Mapping[str, str] = {
    "/testing/v1/screenings": "from=2021-06-01&to=2021-07-31",
    "/testing/v1/screenings/figures": "from=2021-06-01&to=2021-07-31",
    "/testing/v1/plans/due": "from=2021-06-01&to=2021-12-31",
}
CODES: Mapping[str, str] = {"/registry/v1/indicators/{code}/people": "current_users"}
SEARCHES: Mapping[str, tuple[Any, Any]] = {
    "/registry/v1/people/search": ({"division_code": TOWN}, {"division_code": TOWN, "name": "演示"}),
    "/precursor/v1/catalogue/names/search": ({"names": ["硫酸", "盐酸麻黄碱", "甲苯"]}, {"names": ["硫酸", "甲苯"]}),
    "/auth/v1/colleagues/search": ({"ids": [ACCOUNT, OTHER_ACCOUNT]}, {"ids": [OTHER_ACCOUNT]}),
}
"""What is searched for, and what else: bodies of a POST, whose pages have no link."""
NAMES = {name_of(key) for key in KINDS}
"""What stands beside ids. Who is not told in time leaves it null, so that two answers may differ in it (tests/gateway/matrix/test_names.py)."""
GROWING: Mapping[str, str] = {"audit": "each read adds a row to it"}
EMPTY: Mapping[str, str] = {
    "/precursor/v1/emergencies": "precursor keeps no record of a person under care",
    "/precursor/v1/draws/{draw_id}/replacements": "tests/precursor/test_law_of_inspections.py carries one through",
}
"""Lists without a row here, and where else they are asked."""
UNSCOPED: Mapping[str, str] = {
    "/registry/v1/divisions": "the county's places, for everybody who signs in",
    "/registry/v1/divisions/{code}/population": "a published figure",
    "/registry/v1/stations": "the county's places",
    "/registry/v1/staff": "an administrator opens accounts for staff of every town",
    "/registry/v1/rounds": "what is done when, without persons",
    "/alerts/v1/places": "places that everybody goes to, those of other counties among them",
    "/alerts/v1/occasions": "events that were announced to everybody",
    "/precursor/v1/draws": "a draw is of the whole county, and public once it is revealed",
}


def lists(front: Front) -> list[Route]:
    """Rows of the route table that are lists."""
    known = {path for path, operation in reads_of_several(front.document) if not lacks(operation, front.document)} - set(EXCEPTIONS)
    return [row for row in front.table.routes if row.method == ("POST" if row.path.endswith("/search") else "GET") and row.path in known]


class Asking:
    """One list, asked by somebody who may."""

    def __init__(self, rows: Rows, row: Route) -> None:
        self.rows, self.row = rows, row
        self.role = next((role for role in READERS if role in row.roles), sorted(row.roles)[0])
        self.more = {"staff_id": "P002", "subject": str(uuid4()), **AS.get(row.path, {})}
        ids = {**rows.ids, "code": CODES.get(row.path, rows.ids["code"]), "import_id": rows.ids.get(f"{row.service}.import_id", "")}
        self.path = row.path.format_map(ids)
        self.needed = NEEDED.get(row.path, "")
        self.body, self.other = SEARCHES.get(row.path, (None, None))
        self.token = self.somebody()

    def somebody(self, **more: Any) -> str:
        """A token of the role."""
        return self.rows.front.token(self.role, **{**self.more, **more})

    async def __call__(self, query: str = "", *, token: str | None = None, body: Any = None, **headers: str) -> Any:
        """The answer to a question about the list. `body`: another one than this search's own."""
        return await self.rows.ask(
            self.path, token or self.token, "&".join(filter(None, [self.needed, query])), body or self.body, **headers
        )

    async def page(self, query: str = "") -> dict[str, Any]:
        """A page."""
        reply = await self(query)
        assert reply.status == 200, (self.path, query, reply.status, reply.body.decode())
        page: dict[str, Any] = reply.json()
        link = reply.headers.get("link")
        assert (page["next"] is None) == (link is None) or self.body, self.path
        return {**page, "items": nameless(page["items"])}

    async def walk(self, query: str = "") -> list[Any]:
        """Every item, one a page, by the links."""
        found: list[Any] = []
        question = f"limit=1{'&' + query if query else ''}"
        while True:
            page = await self.page(question)
            assert len(page["items"]) == 1 or not found, f"{self.path} promises a page that is empty"
            found += page["items"]
            if page["next"] is None:
                return found
            question = f"limit=1{'&' + query if query else ''}&cursor={page['next']}"

    def sorts(self) -> list[str]:
        """The words of `sort`, rising."""
        operation = self.rows.front.operation(self.row)
        schema = next(parameter["schema"] for parameter in operation["parameters"] if parameter["name"] == "sort")
        while "$ref" in schema:
            schema = self.rows.front.document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        return [word for word in schema["enum"] if not word.startswith("-")]

    def narrowed(self) -> str:
        """A filter that the question does not have, or nothing where the list has none of a few words, a day or an id."""
        for parameter in self.rows.front.operation(self.row)["parameters"]:
            name, schema = parameter["name"], resolved(parameter["schema"], self.rows.front.document)
            if parameter["in"] != "query" or name in ASKED or parameter["required"]:
                continue
            if schema.get("type") == "boolean":
                return f"{name}=true"
            if "enum" in schema or schema.get("format") in ("uuid", "date"):
                return f"{name}={example(schema, self.rows.front.document)}"
        return ""


def nameless(value: Any) -> Any:
    """An answer without the names beside its ids."""
    if isinstance(value, dict):
        return {field: nameless(part) for field, part in value.items() if field not in NAMES}
    return [nameless(part) for part in value] if isinstance(value, list) else value


def told(value: Any, cell: Any) -> Any:
    """What a cell of a workbook tells of a value: a text, or JSON where the value is not a text."""
    return cell if cell is None or isinstance(value, str) else nameless(json.loads(cell))


def noted(rows: Rows) -> int:
    """How many rows all trails have."""
    with psycopg.connect(rows.front.house.owner) as connection:
        counted = connection.execute(
            "select "
            + " + ".join(f"(select count(*) from {name}.audit)" for name in ("registry", "testing", "alerts", "precursor", "gateway"))
        ).fetchone()
    assert counted is not None
    return int(counted[0])


async def faults_of(rows: Rows, row: Route, thin: dict[str, int]) -> list[str]:
    """What is wrong with the pages, orders and counts of a list; `thin` keeps how many rows it had."""
    asking = Asking(rows, row)
    whole = (await asking.page("limit=200"))["items"]
    thin[row.path] = len(whole)
    if row.path.rsplit("/", 1)[1] in GROWING or not whole or len(whole) == 200:
        return []
    wrong = []
    exact = await asking.page(f"limit={len(whole)}")
    if exact["next"] is not None or exact["items"] != whole:
        wrong.append(f"{row.path}: a page after the last")
    if len(whole) <= 60 and await asking.walk() != whole:
        wrong.append(f"{row.path}: its pages are not the list")
    for word in asking.sorts():
        rising = (await asking.page(f"limit=200&sort={word}"))["items"]
        falling = (await asking.page(f"limit=200&sort=-{word}"))["items"]
        if rising != falling[::-1] or sorted(map(str, rising)) != sorted(map(str, whole)):
            wrong.append(f"{row.path}: sort={word}")
    counted = await asking.page("limit=1&count=true")
    if counted["total"] != len(whole):
        wrong.append(f"{row.path}: total {counted['total']} of {len(whole)}")
    for group in counted["counts"].keys() & whole[0].keys():
        tally = Counter(str(item[group]).lower() for item in whole if item[group] is not None)
        given = {name.lower(): number for name, number in counted["counts"][group].items()}
        if given != dict(tally):
            wrong.append(f"{row.path}: counts of {group}: {given} for {dict(tally)}")
    return wrong


async def test_every_list_has_rows_and_is_walked_without_loss(rows: Rows) -> None:
    thin: dict[str, int] = {}
    wrong = list[str]()
    for row in lists(rows.front):
        try:
            wrong += await faults_of(rows, row, thin)
        except AssertionError as error:
            wrong.append(f"{row.path}: {str(error)[:300]}")
    assert not wrong, "\n".join(wrong)
    assert {path for path, found in thin.items() if not found} == set(EMPTY), (
        "a list that nobody has seen with rows, or an exception that is not needed"
    )
    assert sum(found > 1 for found in thin.values()) > 60, thin


async def test_each_form_tells_the_same_rows(rows: Rows) -> None:
    wrong = []
    for row in lists(rows.front):
        if row.path.rsplit("/", 1)[1] in GROWING:
            continue
        asking = Asking(rows, row)
        whole = (await asking.page("limit=200"))["items"]
        if len(whole) == 200:
            continue
        lines = await asking(accept=NDJSON)
        assert lines.headers["content-type"].startswith(NDJSON), row.path
        if nameless([json.loads(line) for line in lines.body.splitlines()]) != whole:
            wrong.append(f"{row.path}: NDJSON")
        reply = await asking("format=xlsx")
        assert (reply.status, reply.headers["content-type"]) == (200, XLSX), (row.path, reply.body[:300])
        sheet = openpyxl.load_workbook(io.BytesIO(reply.body)).active
        assert sheet is not None
        heads, *lines_of = [list(line) for line in sheet.iter_rows()]
        names = [str(cell.comment.text).splitlines()[0] if cell.comment else "" for cell in heads]
        wrong += [
            f"{row.path}: {cell.value} is not a word" for cell in heads if not any("\u4e00" <= sign <= "\u9fff" for sign in str(cell.value))
        ]
        kept = [(place, name) for place, name in enumerate(names) if name not in NAMES]
        shown = [
            {name: told(item.get(name), line[place].value) for place, name in kept} for item, line in zip(whole, lines_of, strict=False)
        ]
        if len(lines_of) != len(whole) or shown != [{**dict.fromkeys(name for _, name in kept), **item} for item in whole]:
            wrong.append(f"{row.path}: xlsx")
    assert not wrong, "\n".join(wrong)


async def test_a_cursor_belongs_to_its_caller_list_order_and_question(rows: Rows) -> None:
    taken, asked, narrowed = [], 0, 0
    routes = lists(rows.front)
    for number, row in enumerate(routes):
        asking = Asking(rows, row)
        word = asking.sorts()[0]
        cursor = (await asking.page(f"limit=1&sort={word}"))["next"]
        if cursor is None:
            continue
        asked += 1
        query = f"limit=1&sort={word}&cursor={cursor}"
        assert (await asking(query)).status == 200, row.path
        trials = {
            "another order": await asking(f"limit=1&sort=-{word}&cursor={cursor}"),
            "a changed cursor": await asking(f"limit=1&sort={word}&cursor={cursor[:-3]}AAA"),
        }
        if more := asking.narrowed():
            narrowed += 1
            trials["another question"] = await asking(f"{query}&{more}")
        if asking.other is not None:
            trials["another search"] = await asking(query, body=asking.other)
        if not row.public:
            trials["somebody else"] = await asking(query, token=asking.somebody(subject=str(uuid4())))
            trials["a smaller scope"] = await asking(query, token=asking.somebody(scope=("610822100",)))
        beside = Asking(rows, routes[number - 1])
        trials["another list"] = await beside(f"limit=1&cursor={cursor}", token=beside.somebody(subject=asking.more["subject"]))
        for name, reply in trials.items():
            if name in ("a smaller scope", "another question") and reply.status in (403, 404):
                continue  # this caller may not ask that at all
            if reply.status != 422 or not reply.json()["type"].endswith("bad-cursor"):
                taken.append(f"{row.path}: {name} {reply.status} {reply.body[:120]!r}")
    assert not taken, "\n".join(taken)
    assert asked > 55
    assert narrowed > 25


async def test_an_empty_scope_is_empty(rows: Rows) -> None:
    shown = []
    for row in lists(rows.front):
        if row.path in UNSCOPED or row.public:
            continue
        asking = Asking(rows, row)
        reply = await asking("limit=200", token=asking.somebody(scope=()))
        body = reply.json()
        if reply.status == 200 and any("division_code" in item for item in body["items"]):
            shown.append(f"{row.path}: {len(body['items'])} rows")
    assert not shown, "\n".join(shown)


async def test_each_read_stands_in_the_trail(rows: Rows) -> None:
    silent = []
    for row in lists(rows.front):
        if row.public:
            continue
        asking = Asking(rows, row)
        if not (await asking.page("limit=1"))["items"]:
            continue
        before = noted(rows)
        await asking("limit=1")
        if noted(rows) == before:
            silent.append(row.path)
    assert not silent, "\n".join(silent)
