"""Where somebody was to the metre: sealed, kept by the day, gone as a whole; and nobody brings it but who may."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from kit.roles import Role
from services.alerts import cells as h3
from services.alerts.checkins.rules import kept_since, refusal_of_time
from services.alerts.jobs import prepare_days, seal_landed, sweep
from tests.alerts.neighbours import TOWN, an_id, watch
from tests.alerts.scenes import carer, checkin, crowd, send
from tests.houses import START, TestHouse
from tests.registry.people_data import county_officer, running

LI, WANG = an_id("李"), an_id("王")
SPOT = (110.93713, 39.25021)


def partitions(house: TestHouse, table: str) -> list[str]:
    """What is behind a partitioned table, by name."""
    with psycopg.connect(house.owner) as connection:
        rows = connection.execute(
            "select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = %s::regclass order by 1",
            (f"alerts.{table}",),
        ).fetchall()
    return [row[0] for row in rows]


async def track(house: TestHouse, person: Any = LI) -> list[dict[str, Any]]:
    """Somebody's trajectory as they see it themselves."""
    me = house.caller("alerts", Role.SUBJECT, person_id=str(person))
    return (await me("GET", f"/alerts/v1/people/{person}/trajectory?from=2021-01-01T00:00:00Z")).json()["items"]


async def refusals(house: TestHouse, who: Any, *items: dict[str, Any], **more: Any) -> list[str]:
    """The codes of what was refused."""
    answer = await who("POST", "/alerts/v1/checkins", {"checkins": list(items), **more})
    told = answer.json()
    return [item["code"] for item in (told["refused"] if answer.status == 200 else told["errors"])]


async def test_no_table_holds_a_point_in_clear_and_its_owner_reads_it_whole(house: TestHouse) -> None:
    await watch(house, LI)
    await send(crowd(house, [LI]), checkin(LI, house.clock(), "phone 1 of Li".replace(" ", "."), SPOT))
    with psycopg.connect(house.owner) as connection:
        names = [row[0] for row in connection.execute("select tablename from pg_tables where schemaname = 'alerts'").fetchall()]
        whole = " ".join(
            str(connection.execute(f'select string_agg(t::text, $$ $$) from alerts."{name}" t'.encode()).fetchone()) for name in names
        )
        (cell,) = connection.execute("select cell from alerts.checkin_record").fetchone() or (0,)
    assert "110.937" not in whole
    assert "39.250" not in whole
    assert "phone.1.of.Li" not in whole
    assert h3.latlng_to_cell(SPOT[1], SPOT[0], 5) == cell
    (shown,) = await track(house)
    assert (shown["lon"], shown["lat"], shown["recorded_by"]) == (*SPOT, "self")
    assert shown["cell"] == h3.int_to_str(h3.latlng_to_cell(SPOT[1], SPOT[0], 7))


async def test_days_and_months_are_made_when_needed_and_ahead_and_dropped_whole(house: TestHouse) -> None:
    await watch(house, LI)
    app, me = house.house.apps["alerts"].state.house, crowd(house, [LI])
    await send(me, checkin(LI, house.clock(), "a"), checkin(LI, house.clock() - timedelta(days=5), "b"))
    assert partitions(house, "checkin_point") == ["checkin_point_p20210626", "checkin_point_p20210701"]
    assert partitions(house, "checkin_record") == ["checkin_record_p202106", "checkin_record_p202107"]
    await prepare_days(app)
    await prepare_days(app)
    days = partitions(house, "checkin_point")
    assert (days[0], days[-1], len(days)) == ("checkin_point_p20210601", "checkin_point_p20210704", 34)
    house.clock.advance(timedelta(days=28))
    await sweep(app)
    assert [item["lon"] is None for item in await track(house)] == [True, False]
    assert partitions(house, "checkin_point")[0] == "checkin_point_p20210630"
    house.clock.advance(timedelta(days=70))
    await prepare_days(app)
    await sweep(app)
    assert await track(house) == []
    assert partitions(house, "checkin_record") == [
        "checkin_record_p202107",
        "checkin_record_p202109",
        "checkin_record_p202110",
    ]
    with psycopg.connect(house.owner) as connection:
        assert connection.execute("select count(*) from alerts.checkin_key").fetchone() == (0,)


async def test_a_day_that_is_in_use_waits_for_the_next_sweep_and_nobody_waits_for_it(house: TestHouse) -> None:
    await watch(house, LI)
    app = house.house.apps["alerts"].state.house
    await send(crowd(house, [LI]), checkin(LI, house.clock(), "a"))
    house.clock.advance(timedelta(days=31))
    with psycopg.connect(house.owner) as other:
        other.execute("select * from alerts.checkin_point_p20210701")  # a long question
        await sweep(app)
        assert partitions(house, "checkin_point") == ["checkin_point_p20210701"]
    await sweep(app)
    assert partitions(house, "checkin_point") == []


async def test_the_services_login_may_make_and_drop_these_partitions_and_no_other_table(house: TestHouse) -> None:
    database = house.house.apps["alerts"].state.house.database
    for statement in (
        "create table alerts.mine (id int)",
        "drop table alerts.place",
        "alter table alerts.checkin_point owner to current_user",
    ):
        async with await psycopg.AsyncConnection.connect(database.conninfo) as connection:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await connection.execute(statement.encode())
    async with await psycopg.AsyncConnection.connect(database.conninfo) as connection:
        with pytest.raises(psycopg.errors.RaiseException):
            await connection.execute("select alerts.make_checkin_days('2021-01-01', '2025-01-01')")


LANDED = """
insert into alerts.checkin (id, person_id, client_key, at, division_code, county_code, cell, lon, lat, accuracy_m, source, skew_s, recorded_by, received_at)
select gen_random_uuid(), %s, 'old-' || n, %s::timestamptz - make_interval(days => n), %s, '610822', %s,
       case when n < 30 then 110.9 + n * 0.001 end, case when n < 30 then 39.2 end, 12, 'app', 0, 'x', now() from generate_series(0, 40) n"""


async def test_what_the_first_release_goes_on_writing_is_taken_over_sealed_and_known(house: TestHouse) -> None:
    await watch(house, LI)
    now, app = house.clock(), house.house.apps["alerts"].state.house
    fine = h3.latlng_to_cell(39.2, 110.9, 7)
    with psycopg.connect(house.owner) as connection:
        connection.execute(LANDED.encode(), (LI, now, TOWN, fine))
    await seal_landed(app)
    shown = await track(house)
    assert [item["lon"] for item in shown] == [None] * 11 + [pytest.approx(110.9 + n * 0.001, abs=1e-9) for n in range(29, -1, -1)]
    with psycopg.connect(house.owner) as connection:
        assert connection.execute("select count(*) from alerts.checkin").fetchone() == (0,)
        assert connection.execute("select count(*) from alerts.unobserved").fetchone() == (41,)
        assert connection.execute("select distinct cell from alerts.checkin_record").fetchall() == [(h3.cell_to_parent(fine, 5),)]
    me = house.caller("alerts", Role.SUBJECT, person_id=str(LI))
    again = {
        "checkin_id": "old-3",
        "person_id": str(LI),
        "at": (now - timedelta(days=3)).isoformat(),
        "lon": 110.903,
        "lat": 39.2,
        "accuracy_m": 12,
    }
    assert (await me("POST", "/alerts/v1/checkins", {"checkins": [again]})).json()["duplicates"] == 1
    assert await refusals(house, me, {**again, "lat": 39.3}) == ["key_used"]


async def test_the_same_name_with_another_time_or_accuracy_is_told_and_not_lost(house: TestHouse) -> None:
    await watch(house, LI)
    me = house.caller("alerts", Role.SUBJECT, person_id=str(LI))
    first = checkin(LI, house.clock(), "7")
    assert await refusals(house, me, first) == []
    for other in ({"at": (house.clock() - timedelta(hours=1)).isoformat()}, {"accuracy_m": 44.0}, {"lat": 39.1}):
        assert await refusals(house, me, {**first, **other}) == ["key_used"]
    assert await refusals(house, me, first, sent_at=(house.clock() + timedelta(hours=3)).isoformat()) == []
    assert len(await track(house)) == 1


@pytest.mark.parametrize("sent", [None, "1970-01-01T00:05:00Z"])
async def test_a_phone_whose_clock_was_never_set_is_asked_and_keeps_what_it_has(house: TestHouse, sent: str | None) -> None:
    await watch(house, LI)
    me = house.caller("alerts", Role.SUBJECT, person_id=str(LI))
    lost = {**checkin(LI, house.clock(), "k"), "at": "1970-01-01T00:03:00Z"}
    body = {"checkins": [lost, checkin(LI, house.clock(), "k2")], **({"sent_at": sent} if sent else {})}
    (refused,) = (await me("POST", "/alerts/v1/checkins", body)).json()["refused"]
    assert (refused["index"], refused["code"], refused["keep"]) == (0, "clock_unset", True)
    assert "时钟" in refused["message_zh"]
    old = (
        await me(
            "POST",
            "/alerts/v1/checkins",
            {"checkins": [checkin(LI, house.clock() - timedelta(days=45), "o"), checkin(LI, house.clock(), "k3")]},
        )
    ).json()
    assert [(item["code"], item["keep"]) for item in old["refused"]] == [("too_old", False)]


def test_a_time_is_judged_by_the_day_from_which_points_are_kept() -> None:
    now = START
    earliest = kept_since(now.date(), 30)
    assert (now - earliest) < timedelta(days=30)
    assert refusal_of_time(earliest, None, now, earliest) is None
    assert refusal_of_time(earliest - timedelta(seconds=1), None, now, earliest) == "too_old"


@pytest.mark.parametrize("role", [Role.TOWN_OFFICER, Role.GRID_WORKER, Role.POLICE_OFFICER, Role.SOCIAL_WORKER])
async def test_nobody_checks_in_as_somebody_elses_phone(house: TestHouse, role: Role) -> None:
    await watch(house, LI)
    assert await refusals(house, carer(house, [LI], role), checkin(LI, house.clock(), "a", source="app")) == ["source_not_yours"]
    assert await refusals(house, carer(house, [WANG], role, "X-2"), checkin(LI, house.clock(), "b")) == ["not_in_care_team"]
    assert await refusals(house, house.caller("alerts", role), checkin(LI, house.clock(), "c")) == ["not_in_care_team"]
    assert await track(house) == []


async def test_a_worker_on_the_care_team_or_assigned_reports_a_visit_under_their_name(county: TestHouse) -> None:
    officer = county_officer(county)
    (mine, _), (theirs, _) = await running(officer, 31), await running(officer, 32)
    joined = await officer("POST", f"/registry/v1/people/{mine['id']}/care-team", {"staff_code": "W1", "since": "2021-06-01"})
    assert joined.status == 201
    await county.step()
    worker = county.caller("alerts", Role.SOCIAL_WORKER, staff_id="W1")
    assert await refusals(county, worker, checkin(mine["id"], county.clock(), "v1"), checkin(theirs["id"], county.clock(), "v2")) == [
        "not_in_care_team"
    ]
    (shown,) = await track(county, mine["id"])
    assert (shown["source"], shown["recorded_by"]) == ("worker", "W1")
    seen = (await county.caller("alerts", Role.TOWN_OFFICER)("GET", f"/alerts/v1/people/{mine['id']}/trajectory")).json()["items"]
    assert (seen[0]["recorded_by"], seen[0]["recorded_name"]) == ("W1", "杨某某")
    with psycopg.connect(county.owner) as connection:
        connection.execute(
            """insert into alerts.alert (id, key, kind, severity, state, division_code, first_at, last_at, reasons, person_ids, checkin_ids,
                 parameters_from, raised_at, due_at, assigned_to, notes, version, updated_at)
               values (gen_random_uuid(), 'k', 'flow_frequency', 'low', 'assigned', %s, now(), now(), '[]', array[%s::uuid], '{}', '', now(), now(), 'W1',
                 '{}', 1, now())""",
            (TOWN, theirs["id"]),
        )
    assert await refusals(county, worker, checkin(theirs["id"], county.clock(), "v3")) == []
    left = await officer("POST", "/registry/v1/staff/W1/departure", {"on": county.clock().date().isoformat()})
    assert left.status == 200
    county.clock.advance(timedelta(minutes=1))
    assert await refusals(county, worker, checkin(mine["id"], county.clock(), "v4")) == ["not_in_care_team"]


async def test_a_history_that_the_county_imports_names_the_county(house: TestHouse) -> None:
    await watch(house, LI)
    officer = house.caller("alerts", Role.COUNTY_OFFICER, staff_id="C-1")
    headers = {"authorization": f"Bearer {officer.token()}", "content-type": "application/x-ndjson"}
    line = json.dumps(checkin(LI, house.clock() - timedelta(days=60), "h")).encode()
    assert (await officer.neighbour.request("POST", "/alerts/v1/checkins/import", headers=headers, body=line)).status == 200
    (shown,) = await track(house)
    assert (shown["source"], shown["recorded_by"]) == ("app", "C-1")
