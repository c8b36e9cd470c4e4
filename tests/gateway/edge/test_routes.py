"""The route table: deny by default, one reading of every path, no start with a table that cannot be trusted."""

from __future__ import annotations

import pytest

from gateway.edge.errors import Unclean
from gateway.edge.limits import QUOTAS, Limiter
from gateway.edge.routes import BadTable, Route, RouteTable, parse_table, render_table, shipped_table
from kit.problems import MethodNotAllowed, NotFound
from tests.gateway.edge.toys import TABLE, street

HEAD = "method,path,service,roles,body_limit,rate,purpose\n"


def row(method: str, path: str, *roles: str) -> Route:
    """A row of the registry."""
    return Route(method, path, "registry", frozenset(roles or {"leader"}), 0, "read")


def test_a_path_finds_its_row_and_its_methods_stay_apart() -> None:
    table = parse_table(TABLE)
    assert table.match("GET", b"/registry/v1/people/0192").path == "/registry/v1/people/{id}"
    assert table.match("PUT", b"/registry/v1/people/0192").body_limit == 65536
    with pytest.raises(MethodNotAllowed) as caught:
        table.match("PATCH", b"/registry/v1/people/0192")
    assert caught.value.headers["Allow"] == "DELETE, GET, PUT"


def test_what_is_not_in_the_table_does_not_exist() -> None:
    table = parse_table(TABLE)
    for path in (b"/", b"/registry", b"/registry/v1", b"/registry/v1/people/1/2", b"/internal/events", b"/Registry/v1/people", b"/metrics"):
        with pytest.raises(NotFound):
            table.match("GET", path)


def test_a_literal_segment_goes_before_a_variable_one_and_a_dead_end_steps_back() -> None:
    table = RouteTable([row("GET", "/a/{id}"), row("GET", "/a/search"), row("GET", "/a/search/x/y"), row("GET", "/a/{id}/x/z")])
    assert table.match("GET", b"/a/search").path == "/a/search"
    assert table.match("GET", b"/a/7").path == "/a/{id}"
    assert table.match("GET", b"/a/search/x/y").path == "/a/search/x/y"
    assert table.match("GET", b"/a/search/x/z").path == "/a/{id}/x/z"
    with pytest.raises(NotFound):
        table.match("GET", b"/a/search/x/q")


@pytest.mark.parametrize(
    "path",
    [
        *(b"//registry/v1/people", b"/registry//v1/people", b"/registry/v1//people", b"/registry/v1/people//", b"//", b""),
        *(b"/registry/v1/../v1/people", b"/registry/v1/./people", b"/..", b"/registry/v1/people/..", b"/registry/v1/people/."),
        *(
            b"/registry/v1%2fpeople",
            b"/registry/v1%2Fpeople",
            b"/registry/v1%5cpeople",
            b"/registry/v1\\people",
            b"/registry/v1/%2e%2e/people",
        ),
        *(
            b"/registry/v1/.%2e/people",
            b"/registry/v1/peopl%65",
            b"/registry/v1/people%00",
            b"/registry/v1/people\x00",
            b"/registry/v1/people\n",
        ),
        *(
            b"/registry/v1/people%20",
            b"/registry/v1/people ",
            b"/registry/v1/people;x=1",
            b"/registry/v1/people?x",
            b"/registry/v1/people#x",
        ),
        *(
            "/registry/v1/people/张三".encode(),
            b"/registry/v1/people/\xff",
            b"/registry/v1/people/%E5%BC%A0",
            b"/registry/v1/people/\xc0\xae\xc0\xae",
        ),
        *(
            b"registry/v1/people",
            b"http://evil/registry/v1/people",
            b"*",
            b"/registry/v1/people/%252e",
            b"/" + b"a" * 1100,
            b"/registry/v1/people/\x7f",
        ),
    ],
)
def test_a_path_with_tricks_is_not_read(path: bytes) -> None:
    with pytest.raises(Unclean) as caught:
        parse_table(TABLE).match("GET", path)
    assert caught.value.headers["Connection"] == "close"


def test_a_trailing_slash_is_another_path() -> None:
    with pytest.raises(NotFound):
        parse_table(TABLE).match("GET", b"/registry/v1/people/")


@pytest.mark.parametrize(
    "line",
    [
        "GET,/x,registry,sheriff,0,read,no",
        "GET,/x,registry,,0,read,no",
        "GET,/x,registry,public|leader,0,read,no",
        "GET,/x,registry,service,0,read,no",
        "GET,/x,registry,leader|,0,read,no",
        "GET,/x,registry, leader,0,read,no",
        "get,/x,registry,leader,0,read,no",
        "TRACE,/x,registry,leader,0,read,no",
        "GET,x,registry,leader,0,read,no",
        "GET,/x/,registry,leader,0,read,no",
        "GET,/x//y,registry,leader,0,read,no",
        "GET,/{},registry,leader,0,read,no",
        "GET,/{id}x,registry,leader,0,read,no",
        "GET,/{path:path},registry,leader,0,read,no",
        "GET,/internal/events,registry,leader,0,read,no",
        "GET,/readyz,gateway,public,0,read,no",
        "GET,/x,Registry,leader,0,read,no",
        "GET,/x,registry,leader,-1,read,no",
        "GET,/x,registry,leader,1e3,read,no",
        "GET,/x,registry,leader,,read,no",
        "GET,/x,registry,leader,0,,no",
        "GET,/x,registry,leader,0,read,maybe",
        "GET,/x,registry,leader,0,read",
        "GET,/x,registry,leader,0,read,no,more",
        "GET,/x/{a},registry,leader,0,read,no\nGET,/x/{b},registry,auditor,0,read,no",
        "",
    ],
)
def test_a_table_that_cannot_be_trusted_refuses_to_start(line: str) -> None:
    with pytest.raises(BadTable):
        parse_table(HEAD + line)


def test_a_table_with_other_columns_refuses_to_start() -> None:
    with pytest.raises(BadTable):
        parse_table("method,path,roles,service,body_limit,rate,purpose\nGET,/x,leader,registry,0,read,no\n")


def test_the_edge_refuses_a_row_that_leads_nowhere_or_has_no_quota() -> None:
    with pytest.raises(BadTable, match="mines"):
        street(table=parse_table(HEAD + "GET,/x,mines,leader,0,read,no\n"))
    with pytest.raises(BadTable, match="weekly"):
        street(table=parse_table(HEAD + "GET,/x,registry,leader,0,weekly,no\n"))
    with pytest.raises(BadTable, match="unknown"):
        street(limiter=Limiter({name: quota for name, quota in QUOTAS.items() if name != "unknown"}))


def test_a_table_written_and_read_again_is_the_same() -> None:
    table = parse_table(TABLE)
    again = parse_table(render_table(table.routes))
    assert set(again.routes) == set(table.routes)
    assert render_table(again.routes) == render_table(reversed(table.routes))


def test_the_shipped_table_is_valid_and_its_rates_have_quotas() -> None:
    assert shipped_table().rates <= QUOTAS.keys()
