"""The practice set through the real service, scored against its ground truth: the same detectors, but with tables, processes and nights between."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta

import pytest

from kit.roles import Role
from tests.alerts import practice_county as county
from tests.alerts.detectors import practice as practices
from tests.alerts.detectors.practice import Practice, Score
from tests.alerts.scenes import crowd, observe
from tests.boards import Board
from tests.houses import Template, TestHouse, open_house


@pytest.fixture(scope="module")
def practice() -> Practice:
    """600 fictitious persons over 90 days with 40 planted gatherings and 25 planted flow anomalies."""
    return practices.load()


@pytest.fixture
async def in_april(template: Template, practice: Practice) -> AsyncIterator[TestHouse]:
    """A house on the first day of the set."""
    async with open_house(template, only="alerts", start=practice.first_day) as house:
        yield house


def score(house: TestHouse, ids: dict[str, county.UUID], practice: Practice, until: datetime | None = None) -> Score:
    """Gatherings found against those planted before a moment."""
    events = [e for e in practice.truth["gatherings"] if until is None or datetime.fromisoformat(e["start"]) < until]
    return practices.score_gatherings(county.gatherings(house, ids), events)


@pytest.mark.slow
async def test_gatherings_of_three_weeks_are_found_through_the_api(in_april: TestHouse, practice: Practice, board: Board) -> None:
    ids = await county.settle(in_april)
    worker = crowd(in_april, list(ids.values()))
    until = practice.first_day + timedelta(days=20)
    sent = county.as_sent(practice, ids, until)
    for start in range(0, len(sent), 200):
        batch = sent[start : start + 200]
        in_april.clock.now = datetime.fromisoformat(batch[-1]["at"])
        assert await county.bring(in_april, worker, batch) == len(batch)
        await observe(in_april)
    found = score(in_april, ids, practice, until)
    board("scorecard of the alerts service", f"gatherings through the API, days 1-20 ({len(sent):,} check-ins): {found}")
    assert found.recall >= 0.95
    assert found.precision >= 0.9


@pytest.mark.slow
async def test_gatherings_of_the_whole_set_are_found_in_an_imported_history(template: Template, practice: Practice, board: Board) -> None:
    async with open_house(template, only="alerts") as house:
        ids = await county.settle(house)
        officer = house.caller("alerts", Role.COUNTY_OFFICER)
        headers = {"authorization": f"Bearer {officer.token()}", "content-type": "application/x-ndjson"}
        body = county.lines(county.as_sent(practice, ids))
        answer = await officer.neighbour.request("POST", "/alerts/v1/checkins/import", headers=headers, body=body, timeout=120)
        assert (answer.status, answer.json()["accepted"]) == (200, len(practice.checkins))
        assert await observe(house) == len(practice.checkins)
        found = score(house, ids, practice)
        board("scorecard of the alerts service", f"gatherings in the imported history, days 1-90: {found}")
        board("scorecard of the alerts service", f"flow in the imported history, days 1-90: {score_flow(house, ids, practice)}")
        assert found.recall >= 0.95
        assert found.precision >= 0.9


def score_flow(house: TestHouse, ids: dict[str, county.UUID], practice: Practice) -> Score:
    """Flow alerts by the set's own rule."""
    alerts = county.flows(house, ids)
    right, found = set[str](), 0
    for event in practice.truth["flow_anomalies"]:
        start, end = date.fromisoformat(event["start"]), date.fromisoformat(event["end"]) + timedelta(days=3)
        hits = {key for key, person, first, last in alerts if person in event["persons"] and first <= end and last >= start}
        right |= hits
        found += bool(hits)
    return Score(found, len(practice.truth["flow_anomalies"]), len(right), len(alerts))
