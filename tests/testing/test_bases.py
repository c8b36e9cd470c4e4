"""On what ground somebody is tested: the police's instruction, a ledger without a word of it, and a scheme that changes in the middle of a term."""

from __future__ import annotations

from datetime import date
from typing import Any

import psycopg
from hypothesis import given
from hypothesis import strategies as st

from kit.db import new_id
from kit.roles import Role
from services.testing import jobs
from services.testing.plans.rules import Kept, Phase, slots, to_plan
from services.testing.results.intake import take_over_tests
from tests.testing.street import Street, a_day_later, body, due_of, moved_on, registered, someone_under_treatment
from tests.testing.test_intake import urine, within


async def test_a_town_officer_adds_no_mandatory_test_without_the_police(street: Street) -> None:
    person, _ = await someone_under_treatment(street)
    officer = street.person(Role.TOWN_OFFICER)
    new = {
        "person_id": str(person),
        "kind": "mandatory",
        "specimen_type": "saliva",
        "due_on": "2021-07-05",
        "grounds": "加测",
        "document_no": "演示加1",
    }
    for more, code in (
        ({}, "instruction_required"),
        ({"instructed_by": "府谷县公安局禁毒大队"}, "instruction_required"),
        ({"instructed_by": "府谷镇人民政府", "instructed_on": "2021-07-01"}, "not_police"),
        ({"instructed_by": "府谷镇派出所", "instructed_on": "2021-07-02"}, "date_future"),
    ):
        refused = await officer("POST", "/testing/v1/plans", {**new, **more})
        assert (refused.status, body(refused)["errors"][0]["code"]) == (422, code)
    made = await officer("POST", "/testing/v1/plans", {**new, "instructed_by": "府谷镇派出所", "instructed_on": "2021-06-30"})
    assert (made.status, body(made)["instructed_by"]) == (201, "府谷镇派出所")


async def test_a_ledgers_test_without_a_term_waits_for_its_basis(street: Street) -> None:
    person = new_id()
    await street.say((registered(), person))
    await street.hear()
    rows = [urine(person, "FG21N1"), urine(person, "FG21N2", date(2021, 7, 6), ketamine="positive")]
    street.clock.advance(date(2021, 7, 10) - date(2021, 7, 1))
    await within(street, lambda work: take_over_tests(work, rows))
    police, officer = street.person(Role.POLICE_OFFICER), street.person(Role.TOWN_OFFICER)
    listed = body(await police("GET", "/testing/v1/collections?kind=basis_unknown"))["items"]
    assert {(row["state"], row["deadline_kind"], row["owed_by"], row["deadline_on"]) for row in listed} == {
        ("final_negative", "basis", "county_office", "2021-08-09"),
        ("presumptive_positive", "tell_result", "police", "2021-07-13"),
    }
    assert body(await police("GET", "/testing/v1/collections?kind=voluntary"))["items"] == []
    read = [body(await police("GET", f"/testing/v1/collections/{row['id']}")) for row in listed]
    negative, positive = sorted(read, key=_by_state)
    shown = {"kind": "voluntary", "document_no": "同意书1", "dated_on": "2021-07-05", "grounds": "本人书面同意"}
    assert (await moved_on(officer, negative, "basis", {**shown, "kind": "mandatory"}, status=403))["type"] == "/problems/not-allowed"
    assert (await moved_on(officer, negative, "basis", {**shown, "dated_on": "2021-07-06"}, status=422))["errors"][0][
        "pointer"
    ] == "/dated_on"
    negative = await moved_on(officer, negative, "basis", shown)
    assert (negative["kind"], negative["state"], negative["deadline_kind"]) == ("voluntary", "final_negative", None)
    await moved_on(officer, negative, "basis", shown, status=409)
    untold = await moved_on(police, positive, "closing", {"ground": "no_objection", "document_no": "演示1"}, status=422)
    assert untold["errors"][0]["code"] == "not_told"
    positive = await moved_on(police, positive, "telling", {"told_at": street.clock().isoformat(), "right_to_object_told": True})
    assert (positive["state"], positive["deadline_kind"], positive["deadline_on"]) == ("presumptive_positive", "objection", "2021-07-13")
    a_day_later(street, 5)
    positive = await moved_on(police, positive, "closing", {"ground": "no_objection", "document_no": "演示1"})
    assert (positive["state"], positive["deadline_kind"]) == ("onsite_final", "basis"), "told and closed; its basis is still owed"
    chain = body(await police("GET", f"/testing/v1/collections/{positive['id']}/chain"))["items"]
    assert [step["event"] for step in chain] == ["take_over_positive", "tell", "close"]


def _by_state(taken: dict[str, Any]) -> str:
    return str(taken["state"])


async def test_the_due_list_shows_what_is_owed_and_what_was_missed(street: Street) -> None:
    await someone_under_treatment(street)
    a_day_later(street, 15)
    await street.run(jobs.mark_missed)
    await someone_under_treatment(street)
    officer = street.person(Role.TOWN_OFFICER, scope=("610822100",))
    path = "/testing/v1/plans/due?from=2021-07-01&to=2021-08-15"
    listed = body(await officer("GET", f"{path}&count=true"))
    assert sorted(row["state"] for row in listed["items"]) == ["missed", "scheduled", "scheduled"]
    assert (listed["total"], listed["counts"]["state"]) == (3, {"missed": 1, "scheduled": 2})
    for code in ("610822100", "610822100000"):
        assert len(body(await officer("GET", f"{path}&division_code={code}"))["items"]) == 3, "9 and 12 digits mean the same town"
    assert body(await street.person(Role.TOWN_OFFICER, scope=())("GET", path))["items"] == [], "no towns, nobody"


async def test_a_new_scheme_plans_the_rest_and_keeps_the_past(street: Street) -> None:
    _, order = await someone_under_treatment(street)
    police = street.person(Role.POLICE_OFFICER)
    a_day_later(street, 180)  # 28 December: six months under scheme A
    await street.run(jobs.open_windows)
    await street.run(jobs.mark_missed)
    before = street.count("select count(*) from testing.due_test where due_on <= '2021-12-28'")
    with psycopg.connect(street.owner) as connection:
        connection.execute(
            "insert into testing.scheme (code, measure_kind, specimen_type, division_prefix, window_days, valid_from, source)"
            " values ('B', 'community_treatment', 'urine', '610822', 3, '2021-12-01', 'a county of this test')"
        )
        for month, step in ((0, 1), (12, 2), (24, 4)):
            connection.execute(
                "insert into testing.scheme_phase (scheme_code, from_month, step_half_months) values ('B', %s, %s)", (month, step)
            )
    await street.run(jobs.follow_schemes)
    assert street.count("select count(*) from testing.due_test where due_on <= '2021-12-28'") == before, "the past stays"
    days = street.count("select array_agg(due_on order by due_on) from testing.due_test where scheme_code = 'B'")
    wanted = [slot.due_on for slot in slots([Phase(0, 1), Phase(12, 2), Phase(24, 4)], date(2021, 6, 8), date(2024, 6, 8), 3)]
    kept = street.count("select array_agg(window_from::text || window_to::text) from testing.due_test where scheme_code = 'A'")
    coming = [day for day in wanted if day >= date(2021, 12, 28)]
    assert [day for day in coming if day not in days] == [
        day for day in coming if any(span[:10] <= day.isoformat() <= span[10:] for span in kept)
    ], "every coming test is planned, but those that an announced one answers"
    await street.run(jobs.follow_schemes)
    assert street.count("select array_agg(due_on order by due_on) from testing.due_test where scheme_code = 'B'") == days
    assert order
    assert await due_of(street, police, "2022-01-01", "2022-01-31")


windows = st.tuples(st.dates(date(2021, 6, 1), date(2023, 6, 1)), st.integers(0, 20))


@given(st.lists(windows, max_size=6), st.dates(date(2021, 6, 1), date(2023, 6, 1)), st.integers(0, 10))
def test_planning_anew_never_owes_two_tests_on_one_day(kept: list[tuple[date, int]], today: date, window: int) -> None:
    held = [Kept("urine", "A", n, day, day, date.fromordinal(day.toordinal() + long)) for n, (day, long) in enumerate(kept)]
    scheme = slots([Phase(0, 1), Phase(6, 2)], date(2021, 6, 1), date(2023, 6, 1), window)
    found = to_plan(scheme, held, "urine", "B", today)
    for slot in found:
        assert today <= slot.due_on
        assert slot.window_from <= slot.due_on <= slot.window_to
        assert all(item.window_to < slot.window_from or item.window_from > slot.window_to for item in held)
    answered = [slot for slot in scheme if slot.due_on >= today and any(item.answers("urine", "B", slot) for item in held)]
    assert len(found) + len(answered) == len([slot for slot in scheme if slot.due_on >= today]), "nothing is lost"
