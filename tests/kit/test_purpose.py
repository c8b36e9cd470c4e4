"""Why a person is looked at: a word of the list, and in an emergency a reason that somebody can judge (API.md 1)."""

from __future__ import annotations

import io
import json
from urllib.parse import quote

import pytest

from kit.logs import configure
from kit.problems import Invalid
from kit.roles import Role
from kit.work import read_purpose
from tests.houses import Template, open_house
from tests.registry.people_data import OTHER_TOWN, add_towns, county_officer, registered


@pytest.mark.parametrize(
    "reason",
    [
        "",
        " ",
        "     ",
        "%20%20%20%20%20%20",
        "%00%00%00%00%00",
        "%0A%0D%09%0A%0A",
        "aaaaaa",
        "abcd",
        "help help help help help",
        "1234 5678 9012 3456",
        "急急急急急急急急",
        "......",
        "%E2%80%8B%E2%80%8B%E2%80%8B%E2%80%8B",
    ],
)
def test_nothing_that_nobody_could_judge_is_a_reason(reason: str) -> None:
    with pytest.raises(Invalid):
        read_purpose(f'emergency; reason="{reason}"')


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("found unconscious", "found unconscious"),
        (quote("路边昏迷,急救"), "路边昏迷,急救"),
        ("路边昏迷需要急救".encode().decode("latin-1"), "路边昏迷需要急救"),
        ("found%00un%0Aconscious", "found un conscious"),
        ("%ED%A0%80 found unconscious", "\ufffd\ufffd\ufffd found unconscious"),
    ],
)
def test_a_reason_is_kept_as_one_line_that_any_column_holds(sent: str, read: str) -> None:
    assert read_purpose(f'emergency; reason="{sent}"') == ("emergency", read)


async def test_a_record_opened_in_an_emergency_is_told_at_once_to_whoever_watches_the_logs(template: Template) -> None:
    """With the request id, by which the auditor finds who, whom and why; an everyday read is no news."""
    async with open_house(template, only="registry") as house:
        add_towns(house)
        person = await registered(county_officer(house))
        written = io.StringIO()
        configure("registry", "WARNING", written)
        far = house.caller("registry", Role.POLICE_OFFICER, scope=(OTHER_TOWN,))
        await county_officer(house)("GET", f"/registry/v1/people/{person['id']}")
        await far("GET", f"/registry/v1/people/{person['id']}", purpose='emergency; reason="found unconscious"', x_request_id="r-7")
        configure("registry", "WARNING")
    said = [json.loads(line) for line in written.getvalue().splitlines()]
    assert [(line["event"], line["code"], line["request_id"]) for line in said] == [("opened_in_emergency", "person.read", "r-7")]
