"""What a screen does with every list: show a page, follow its link, and never lose the question that was asked."""

from __future__ import annotations

import re

from tests.journeys.county.office import Office

SPAN = {"from": "2021-01-01", "to": "2021-12-31"}


async def every_link_leads_on(office: Office) -> None:
    """Each list with `limit=1`: the link of a page that is not the last keeps the filters and leads to another row."""
    officer = await office.official("county_officer")
    document = await officer.get("/openapi.json")
    followed = set()
    for path, operations in document["paths"].items():
        operation = operations.get("get")
        names = {item["name"] for item in operation.get("parameters", [])} if operation else set()
        if operation is None or "{" in path or not {"limit", "cursor"} <= names or "county_officer" not in operation["x-roles"]:
            continue
        question = "&".join(["limit=1", *(f"{name}={day}" for name, day in SPAN.items() if name in names)])
        answer = await officer("GET", f"{path}?{question}")
        first = answer.json()
        link = re.fullmatch(r'<(.+)>; rel="next"', answer.headers.get("link", ""))
        assert (link is None) == (first["next"] is None), path
        if link is not None:
            assert question in link[1], link[1]
            second = await officer.get(link[1])
            assert len(second["items"]) == 1, path
            assert second["items"] != first["items"], path
            followed.add(path)
    assert {
        "/registry/v1/people",
        "/registry/v1/measures",
        "/testing/v1/plans/due",
        "/precursor/v1/firms",
        "/registry/v1/ledger-imports",
    } <= followed


async def a_link_keeps_the_filter(office: Office) -> None:
    """A cursor is bound to its filters, so a link without them would be refused."""
    officer = await office.official("county_officer")
    answer = await officer("GET", "/registry/v1/people?status=in_society&division_code=610822100000&limit=2")
    link = re.fullmatch(r'<(.+)>; rel="next"', answer.headers["link"])
    assert link is not None
    rows = (await officer.get(link[1]))["items"]
    assert {(row["status"], row["division_code"]) for row in rows} == {("in_society", "610822100000")}
    assert len(rows) == 2
