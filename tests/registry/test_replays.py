"""A kept answer is no way around the door: whoever asks again is asked again (API.md 1; law 8)."""

from __future__ import annotations

import json

import psycopg

from kit.roles import Role
from tests.houses import TestHouse
from tests.registry.people_data import TOWN, add_towns, an_id, county_officer, registered, somebody
from tests.registry.test_handover import PATH as HANDOVERS
from tests.registry.test_handover import a_notice, add_places, institution

KEY = "one-key-0001"


async def test_a_search_is_answered_anew_each_time_and_each_time_noted(house: TestHouse) -> None:
    """A search with a key would otherwise show for seven days who was under supervision then, without purpose and without a trace."""
    add_towns(house)
    officer = county_officer(house)
    person = await registered(officer, status_since="2018-06-30")
    wish = {"id_number": an_id(1)}
    path = "/registry/v1/people/search"
    assert person["id"] in (await officer("POST", path, wish, idempotency_key=KEY)).body.decode()
    again = await officer("POST", path, wish, idempotency_key=KEY, purpose="none of the list")
    assert again.status == 422, again.body
    standing = {"status": "three_years_clean", "since": "2021-06-30", "reason": "三年"}
    closed = await officer("POST", f"/registry/v1/people/{person['id']}/standings", standing, if_match='"v1"')
    assert closed.status == 201, closed.body
    assert person["id"] not in (await officer("POST", path, wish, idempotency_key=KEY)).body.decode()


async def test_who_lost_the_role_gets_no_kept_answer(house: TestHouse) -> None:
    add_towns(house)
    officer = house.caller("registry", Role.COUNTY_OFFICER, subject="same-account")
    made = await officer("POST", "/registry/v1/people", somebody(), idempotency_key=KEY)
    assert made.status == 201
    later = house.caller("registry", Role.LEADER, subject="same-account")
    assert (await later("POST", "/registry/v1/people", somebody(), idempotency_key=KEY)).status == 403


async def test_an_answer_that_is_given_again_leaves_a_trace(house: TestHouse) -> None:
    add_towns(house)
    officer = county_officer(house)
    for _ in range(2):
        made = await officer("POST", "/registry/v1/people", somebody(), idempotency_key=KEY)
        assert made.status == 201
    with psycopg.connect(house.owner) as connection:
        rows = connection.execute("select action, details from registry.audit where actor = 'test-county_officer' order by id").fetchall()
    assert [action for action, _ in rows] == ["person.register", "answer.repeated"]
    assert rows[-1][1] == {"route": "POST /registry/v1/people"}


async def test_a_search_without_a_hit_is_noted_with_what_was_asked_for_and_not_with_the_value(house: TestHouse) -> None:
    """Whoever tries one number after another leaves rows too, not only whoever finds somebody."""
    add_towns(house)
    officer = house.caller("registry", Role.TOWN_OFFICER, scope=(TOWN,))
    await officer("POST", "/registry/v1/people/search", {"id_number": an_id(7), "name": "折"})
    with psycopg.connect(house.owner) as connection:
        rows = connection.execute("select action, object_ids, details, purpose from registry.audit").fetchall()
    assert rows == [("person.search", [], {"by": ["id_number", "name"]}, "supervision")]
    assert an_id(7) not in json.dumps(rows, ensure_ascii=False)


async def test_registering_somebody_of_another_town_leaves_a_trace_although_it_is_refused(house: TestHouse) -> None:
    """The refusal says that the number is registered, which a town's officer may need to know: who asks is written down, hit by hit."""
    add_towns(house)
    person = await registered(county_officer(house), division_code="610822105000")
    curious = house.caller("registry", Role.TOWN_OFFICER, scope=(TOWN,))
    assert (await curious("POST", "/registry/v1/people", somebody())).status == 409
    with psycopg.connect(house.owner) as connection:
        rows = connection.execute("select action, object_ids from registry.audit where actor = 'test-town_officer'").fetchall()
    assert rows == [("person.register_refused", [person["id"]])]


async def test_a_change_of_nothing_is_no_way_to_read_without_a_purpose(house: TestHouse) -> None:
    add_towns(house)
    officer = county_officer(house)
    person = await registered(officer)
    path = f"/registry/v1/people/{person['id']}"
    refused = await officer("PATCH", path, {"reason": "看看"}, if_match='"v1"', purpose="")
    assert refused.status == 422
    assert person["name"] not in refused.body.decode()


async def test_another_houses_system_sends_a_key_with_what_it_creates(house: TestHouse) -> None:
    """Without one nothing happens; who lost the answer asks again and gets it; a key is not used for something else."""
    add_places(house)
    hospital = institution(house)
    refused = await hospital("POST", HANDOVERS, a_notice(), idempotency_key="")
    assert (refused.status, json.loads(refused.body)["type"]) == (400, "/problems/idempotency-key-required")
    with psycopg.connect(house.owner) as connection:
        assert connection.execute("select count(*) from registry.release_handover").fetchone() == (0,)
    made = await hospital("POST", HANDOVERS, a_notice(), idempotency_key="release-0007")
    again = await hospital("POST", HANDOVERS, a_notice(), idempotency_key="release-0007")
    assert made.status == 201, made.body
    assert (again.status, again.body) == (201, made.body)
    other = await hospital("POST", HANDOVERS, a_notice(notice_no="榆戒解〔2021〕0008号"), idempotency_key="release-0007")
    assert (other.status, json.loads(other.body)["type"]) == (422, "/problems/idempotency-key-reused")


async def test_a_system_without_the_grant_is_refused_before_it_is_asked_for_a_key(house: TestHouse) -> None:
    stranger = institution(house, "stranger-1", grants=())
    assert (await stranger("POST", HANDOVERS, a_notice(), idempotency_key="")).status == 403
    assert (await county_officer(house)("POST", HANDOVERS, a_notice())).status != 400, "people are not asked for one"
