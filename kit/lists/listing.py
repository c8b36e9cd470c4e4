"""What a list is, what a client may ask of it, and what the answer looks like."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, Literal, TypeVar
from urllib.parse import parse_qsl, urlencode

from fastapi import Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from kit.schemas import Flag

ItemT = TypeVar("ItemT")
LIMIT = 50
MAX_LIMIT = 200
NDJSON = "application/x-ndjson"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Form = Literal["json", "ndjson", "xlsx"]
FORMS: Mapping[str, Form] = {"application/json": "json", "application/*": "json", "*/*": "json", NDJSON: "ndjson", XLSX: "xlsx"}
Casts = Literal["uuid", "date", "timestamptz", "text", "bigint", "int"]


class Listed(BaseModel, Generic[ItemT]):
    """A page; `next` is null on the last; `total` and `counts` (group → value → rows) stand there only when `count=true` asked for them."""

    items: list[ItemT]
    next: str | None
    total: int = Field(default=0, description="总数 · rows in all")
    counts: dict[str, dict[str, int]] = Field(default={}, description="分类计数 · rows by group and value")


@dataclass(frozen=True, slots=True)
class Key:
    """One value that a list is sorted by: a SQL expression that is never null, and its type."""

    sql: str
    cast: Casts = "text"


@dataclass(frozen=True, kw_only=True, eq=False)
class Listing:
    """What every list is: its name (cursors are bound to it), what one item looks like, how it may be sorted, and what the audit trail says of a page."""

    name: str
    item: type[BaseModel]
    sorts: Mapping[str, Sequence[Any]]
    """Sort name → its keys, never null, the last one unique. Of a `Json`: `Key`s. Of a `Rows`: columns, or their names where the table is known only when
    asked. Of a `Made`: `Key`s of fields of an item (`collection.id`), or none for the order in which it was made.
    """
    default: str
    """The sort when none is asked, e.g. `window_to` or `-began_at`."""
    action: str = ""
    """What the audit trail calls a page; without it the use case notes what it shows."""
    object_type: str = ""
    noted: str = "id"
    """Which field of an item, or attribute of a row, the audit trail names."""
    counted: Mapping[str, Any] = field(default_factory=dict)
    """Group → SQL expression, column or field: how many rows each of its values has, on `count=true`."""

    def choices(self) -> list[str]:
        """The words of `sort`: each name, and with `-` the other way round."""
        return [sign + name for name in self.sorts for sign in ("", "-")]


@dataclass(frozen=True, kw_only=True, eq=False)
class Json(Listing):
    """A list in SQL text: one statement reads the page, notes it, and makes its JSON."""

    columns: str
    """The fields of an item, in SQL, named as in `item`."""
    source: str
    filters: Mapping[str, str]
    """Filter → condition with `%(filter)s`; it holds when the filter is given."""
    always: str = "true"


class Rows(Listing):
    """A list through SQLAlchemy; the statement comes from the repository."""


class Made(Listing):
    """A short list that a use case makes as a whole, as the history of one thing: it is paged after it was made."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a client asked of a list, beside the filters."""

    limit: int
    cursor: str | None
    sort: str
    count: bool
    form: Form
    path: str
    query: str
    linked: bool
    """Whether a next page can be asked with GET (a search by POST has no link)."""

    @property
    def falling(self) -> bool:
        """Whether the order is reversed."""
        return self.sort.startswith("-")

    @property
    def by(self) -> str:
        """The name of the sort."""
        return self.sort.removeprefix("-")


@dataclass(slots=True)
class Found:
    """What was found: a page, or a whole list."""

    items: bytes = b"[]"
    """The page as a JSON array."""
    next: str | None = None
    total: int = 0
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    lines: AsyncIterator[bytes] | None = None
    """The whole list as lines of JSON, a chunk at a time."""
    book: bytes | None = None
    """The whole list as a workbook."""


def _form(request: Request, asked: Form | None) -> Form:
    if asked is not None:
        return asked
    liked: dict[Form, float] = {}  # what the client likes best (RFC 9110 12.5.1), of equals the first; JSON where it likes none of them
    for part in request.headers.get("accept", "").split(","):
        kind, *more = (word.strip() for word in part.split(";"))
        if kind in FORMS:
            weight = next((word[2:] for word in more if word.startswith("q=")), "1")
            liked.setdefault(FORMS[kind], float(weight) if weight.replace(".", "", 1).isdecimal() else 0.0)
    liked.setdefault("json", 0.001)
    return max(liked, key=liked.__getitem__)


def ask(listing: Listing) -> Any:
    """The dependency that reads what a client asks of this list: `limit`, `cursor`, `sort`, `count`, `format`."""
    default = listing.default
    sorts: Any = Literal[tuple(listing.choices())]

    async def asked(  # FastAPI runs a plain function in a thread of its own: a third of the whole request
        request: Request,
        limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="每页条数 · rows of a page")] = LIMIT,
        cursor: Annotated[str | None, Query(min_length=1, max_length=600, description="上一页的 next · `next` of the page before")] = None,
        sort: Annotated[str, Query(description="排序,`-` 为降序 · order, `-` for the other way round")] = default,
        count: Annotated[Flag, Query(description="同时给出总数与分类计数 · total and counts too")] = False,
        form: Annotated[Form | None, Query(alias="format", description="也可用 Accept · or by the Accept header")] = None,
    ) -> Asked:
        return Asked(
            limit,
            cursor,
            sort,
            count,
            _form(request, form),
            request.scope["path"],
            request.scope["query_string"].decode("latin-1"),
            request.method == "GET",
        )

    # Only this list knows the words of its `sort`.
    asked.__annotations__["sort"] = Annotated[sorts, *asked.__annotations__["sort"].__metadata__]
    return Depends(asked)


def answers(listing: Listing) -> dict[int | str, dict[str, Any]]:
    """The 200 of a list for OpenAPI: page, stream and workbook, and the Link header (RFC 8288)."""
    link = {"Link": {"description": '下一页 · the next page: <…>; rel="next"', "schema": {"type": "string"}}}
    stream = {"schema": {"type": "string", "description": "每行一条 JSON · one JSON item a line"}}
    return {
        200: {
            "model": Listed[listing.item],
            "content": {NDJSON: stream, XLSX: {"schema": {"type": "string", "format": "binary"}}},
            "headers": link,
        }
    }


def answer(asked: Asked, found: Found) -> Response:
    """The response of what was found."""
    if found.lines is not None:
        return StreamingResponse(found.lines, media_type=NDJSON)
    if found.book is not None:
        return Response(found.book, media_type=XLSX, headers={"Content-Disposition": 'attachment; filename="list.xlsx"'})
    tail = b"null" if found.next is None else json.dumps(found.next).encode()
    body = b'{"items":%b,"next":%b' % (found.items, tail)
    if asked.count:
        body += b',"total":%d,"counts":%b' % (found.total, json.dumps(found.counts, ensure_ascii=False).encode())
    headers = {}
    if found.next is not None and asked.linked:
        kept = [(name, value) for name, value in parse_qsl(asked.query, keep_blank_values=True) if name != "cursor"]
        headers["Link"] = f'<{asked.path}?{urlencode([*kept, ("cursor", found.next)])}>; rel="next"'
    return Response(body + b"}", media_type="application/json", headers=headers)
