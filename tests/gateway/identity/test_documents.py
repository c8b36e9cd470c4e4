"""What clients keep: code lists with a tag; and ids, which have one spelling."""

from __future__ import annotations

import json

import pytest

from tests.gateway.identity.conftest import Door

ID = "0191f6c2-7a10-7c3e-9d52-4b6f0a8e1c77"


async def test_code_lists_are_sent_again_only_when_they_changed(stranger: Door) -> None:
    first = await stranger("GET", "/meta/v1/codes")
    assert first.headers["vary"] == "accept-encoding", "a cache must not give compressed bytes to whom they do not help"
    assert (first.status, first.headers["cache-control"]) == (200, "public, max-age=300")
    assert "gateway.role" in json.loads(first.body)
    tag = first.headers["etag"]
    for asked in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
        again = await stranger("GET", "/meta/v1/codes", if_none_match=asked)
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
    assert (await stranger("GET", "/meta/v1/codes", if_none_match='W/"other"')).status == 200


@pytest.mark.parametrize("spelled", [f"urn:uuid:{ID}", ID.replace("-", ""), f"%7B{ID}%7D", f"{ID[:8]}{ID[9:]}"])
async def test_an_id_has_one_spelling(administrator: Door, spelled: str) -> None:
    reply = await administrator("PATCH", f"/auth/v1/accounts/{spelled}", {"reason": "调离"}, if_match='"v1"')
    assert reply.status in (400, 422)
    assert (await administrator("PATCH", f"/auth/v1/accounts/{ID.upper()}", {"reason": "调离"}, if_match='"v1"')).status == 404


@pytest.mark.parametrize("spelled", [f"urn:uuid:{ID}", ID.replace("-", ""), f"%7B{ID}%7D"])
async def test_an_id_in_a_filter_has_one_spelling_too(auditor: Door, spelled: str) -> None:
    reply = await auditor("GET", f"/auth/v1/audit?object_id={spelled}")
    assert (reply.status, json.loads(reply.body)["errors"][0]["pointer"]) == (422, "/query/object_id")
    assert (await auditor("GET", f"/auth/v1/audit?object_id={ID}")).status == 200
