"""Each kind of problem has its page. That each one met is a listed one is held after every test of the matrix."""

from __future__ import annotations

import pytest

from tests.gateway.matrix.front import Front

pytestmark = pytest.mark.anyio


async def test_every_listed_problem_has_its_page(front: Front) -> None:
    """`type` leads to a page that exists."""
    assert len(front.listed) > 40
    for slug in sorted(front.listed):
        page = await front.ask("GET", f"/problems/{slug}")
        assert page.status == 200
        assert "text/html" in page.headers["content-type"]
        front.checks["problem pages"] += 1
