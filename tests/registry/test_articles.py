"""The articles through the door: what an API user can and cannot record of a measure."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from tests.houses import Template, open_house
from tests.registry.people_data import add_towns, county_officer, ordered, registered, step


@pytest.mark.parametrize(
    ("served", "due", "in_time", "late"),
    [
        ("2021-01-27", "2021-02-18", "2021-02-18", "2021-02-19"),  # Spring Festival, 11-17 February
        ("2021-02-05", "2021-02-20", "2021-02-20", "2021-02-21"),  # a Saturday that was worked
        ("2021-09-16", "2021-10-08", "2021-10-08", "2021-10-09"),  # National Day, 1-7 October
        ("2021-09-24", "2021-10-09", "2021-10-09", "2021-10-10"),  # a Saturday that was worked
    ],
)
async def test_article_14_the_fifteen_days_roll_over_public_holidays(
    template: Template, served: str, due: str, in_time: str, late: str
) -> None:
    async with open_house(template, only="registry", start=datetime(2021, 12, 1, tzinfo=UTC)) as house:
        add_towns(house)
        officer = county_officer(house)
        for sequence, day, accepted in ((1, in_time, True), (3, late, False)):
            order = await ordered(officer, (await registered(officer, sequence))["id"], ordered_on="2021-01-20")
            measure = await step(officer, order, "serve", served)
            assert measure["report_in_due"] == due
            path = f"/registry/v1/measures/{measure['id']}/transitions"
            answer = await officer("POST", path, {"event": "report_in", "on": day}, if_match='"v2"')
            assert (answer.status == 200) is accepted, answer.body
            if not accepted:
                assert json.loads(answer.body)["errors"][0]["code"] == "late_without_reason"
