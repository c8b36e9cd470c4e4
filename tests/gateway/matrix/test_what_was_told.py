"""After everything else: each kind of problem that the matrix met has its page. Its file is the last one by name."""

from __future__ import annotations

import pytest

from tests.gateway.matrix.front import Front

pytestmark = pytest.mark.anyio


async def test_every_problem_seen_has_its_page(front: Front) -> None:
    """`type` leads to a page that exists; it is in the list of problems."""
    listed = (await front.ask("GET", "/problems")).json()
    for slug in sorted(front.slugs):
        assert slug in listed
        page = await front.ask("GET", f"/problems/{slug}")
        assert page.status == 200
        assert "text/html" in page.headers["content-type"]
        front.checks["problem pages"] += 1
