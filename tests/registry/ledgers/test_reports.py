"""What an officer meets at the desk: the report, corrections, duplicates, contradictions, headers to teach, other people's towns."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import openpyxl
import psycopg

from deploy.folder import DataFolder
from kit.roles import Role
from tests.houses import Template
from tests.registry.ledgers.desk import Desk, Json, ledger
from tests.registry.people_data import an_id

HEAD = "姓名,身份证号,镇,联系电话,毒品种类,管控状态,状态起始时间"


def table(*rows: str, head: str = HEAD) -> tuple[str, bytes]:
    """A csv ledger."""
    return "台账.csv", "\n".join([head, *rows, ""]).encode()


def somebody(
    sequence: int, *, town: str = "府谷镇", phone: str = "16900000001", status: str = "社区戒毒", since: str = "2020-05-01"
) -> str:
    """A row of such a ledger."""
    return f"演示{'甲乙丙丁'[sequence % 4]},{an_id(sequence)},{town},{phone},冰毒,{status},{since}"


def person(desk: Desk, sequence: int) -> tuple[Any, ...] | None:
    """(town, masked phone, status, since) of a person in the register."""
    with psycopg.connect(desk.house.owner) as connection:
        query = (
            "select division_code, phone_masked, status, status_since::text from registry.person where id_number_masked = %s and name = %s"
        )
        number = an_id(sequence)
        row: tuple[Any, ...] | None = connection.execute(
            query, (number[:6] + "*" * 10 + number[16:], f"演示{'甲乙丙丁'[sequence % 4]}")
        ).fetchone()
        return row


async def test_the_same_file_again_changes_nothing(desk: Desk) -> None:
    (first,) = await desk.upload(ledger(4), as_of="2020-12-31")
    (second,) = await desk.upload(ledger(4), as_of="2020-12-31")
    assert second["id"] == first["id"]
    await desk.commit(first)
    before = await desk.get(f"/{first['id']}")
    (third,) = await desk.upload(ledger(4))
    assert third == before
    again = await desk.caller("POST", f"{desk.path}/{first['id']}/commit", {}, if_match='"v1"')
    assert again.status == 202 and json.loads(again.body) == before


async def test_lists_mask_and_an_opened_row_shows_what_could_not_be_read(desk: Desk) -> None:
    (job,) = await desk.upload(table(somebody(1), "演示乙,990822198005060025,府谷镇,16900000002,冰毒,社区戒毒,2020-05-01"))
    rows = await desk.rows(job)
    assert rows[0]["record"]["id_no"].startswith("990822*") and rows[0]["record"]["phone"] == "169******01"
    held = rows[1]
    assert held["disposition"] == "hold" and held["problems"][0]["code"] == "ID_CHECKSUM"
    assert (held["sheet"], held["row"], held["problems"][0]["cell"]) == ("csv", 3, "B3")
    reply = await desk.caller("GET", f"{desk.path}/{job['id']}/rows/{held['row_id']}")
    assert json.loads(reply.body)["raw"] == {"id_no": "990822198005060025"}
    with psycopg.connect(desk.house.owner) as connection:
        assert connection.execute(
            "select count(*) from registry.audit where action = 'ledger.open_row' and purpose = 'supervision'"
        ).fetchone() == (1,)
        staged = connection.execute("select r::text from registry.ledger_row r").fetchall()
    assert an_id(1) not in str(staged)


async def test_cells_are_corrected_by_the_same_reading_or_refused_with_a_pointer(desk: Desk) -> None:
    (job,) = await desk.upload(table("演示乙,990822198005060025,府谷镇,16900000002,冰毒,不知道,2020-05-01"))
    (held,) = await desk.rows(job, "&disposition=hold")
    path = f"{desk.path}/{job['id']}/rows/{held['row_id']}"
    body: Json = {"values": {"id_no": an_id(1)[:-1] + "?"}, "reason": "查档"}
    assert (await desk.caller("PATCH", path, body)).status == 428
    assert (await desk.caller("PATCH", path, body, if_match='"v9"')).status == 412
    refused = await desk.caller("PATCH", path, body, if_match=f'"v{held["version"]}"')
    assert refused.status == 422 and json.loads(refused.body)["errors"][0]["pointer"] == "/values/id_no"
    row = await desk.correct(job, held, {"id_no": an_id(1)})
    assert row["disposition"] == "hold" and [p["code"] for p in row["problems"]] == ["STATUS_UNKNOWN"]
    row = await desk.correct(job, row, {"status": "社区康复", "town_code": "新民"})
    assert row["disposition"] == "accept" and row["record"]["town_code"] == "610822105000"
    reread = await desk.caller("POST", f"{desk.path}/{job['id']}/reread", {}, if_match=f'"v{(await desk.get("/" + job["id"]))["version"]}"')
    assert reread.status == 202
    await desk.house.step()
    assert [r["disposition"] for r in await desk.rows(job)] == ["accept"]  # corrections are applied again
    done = await desk.commit(job)
    assert done["taken"]["persons"] == 1
    with psycopg.connect(desk.house.owner) as connection:
        assert connection.execute("select count(*) from registry.ledger_correction").fetchone() == (2,)


async def test_a_row_can_be_left_out_with_a_reason(desk: Desk) -> None:
    (job,) = await desk.upload(table(somebody(1), somebody(2)))
    row = (await desk.rows(job))[0]
    reply = await desk.caller("POST", f"{desk.path}/{job['id']}/rows/{row['row_id']}/discard", {"reason": "重复"}, if_match='"v1"')
    assert reply.status == 200, reply.body
    done = await desk.commit(job)
    assert done["taken"]["persons"] == 1 and done["dispositions"] == {"accept": 1, "discard": 1}


async def test_a_second_ledger_contradicts_and_nothing_is_written_before_a_decision(desk: Desk) -> None:
    (first,) = await desk.upload(table(somebody(1), somebody(2), somebody(3)))
    await desk.commit(first)
    newer = [somebody(n, town="新民镇", phone=f"1690000001{n}", status="社区康复", since="2021-02-03") for n in (1, 2, 3)]
    (second,) = await desk.upload(table(*newer))
    conflicts = await desk.every(f"/{second['id']}/conflicts")
    assert {(c["row_id"], c["field"]) for c in conflicts} == {(n, f) for n in (1, 2, 3) for f in ("town_code", "phone", "status")}
    assert {c["suggestion"] for c in conflicts} == {"take"}  # the later standing looks newer
    phone = next(c for c in conflicts if c["field"] == "phone")
    assert [side["value"] for side in phone["sides"]] == ["169******11", "169******01"]
    for conflict in conflicts:
        if conflict["row_id"] == 1:
            await desk.decide(second, conflict, "take")
        if conflict["row_id"] == 2:
            await desk.decide(second, conflict, "keep")
    done = await desk.commit(second)
    assert done["taken"]["open_conflicts"] == 3
    assert person(desk, 1) == ("610822105000", "169******11", "community_rehabilitation", "2021-02-03")
    assert person(desk, 2) == person(desk, 3) == ("610822100000", "169******01", "community_treatment", "2020-05-01")
    late = [c for c in await desk.every(f"/{second['id']}/conflicts", "&state=open") if c["field"] == "status"]
    await desk.decide(second, late[0], "take")  # after the commit a decision is written at once
    assert (person(desk, 3) or ())[2:] == ("community_rehabilitation", "2021-02-03")
    with psycopg.connect(desk.house.owner) as connection:
        query = "select count(*) from registry.measure where kind = 'community_rehabilitation' and state = 'active'"
        assert connection.execute(query).fetchone() == (2,)
        assert connection.execute("select count(*) from registry.outbox where type = 'person.moved'").fetchone() == (1,)


async def test_two_rows_of_one_file_and_two_waiting_files_are_set_side_by_side(desk: Desk) -> None:
    (first,) = await desk.upload(table(somebody(1), somebody(1, phone="16900000009")))
    (inside,) = await desk.every(f"/{first['id']}/conflicts")
    assert (inside["row_id"], inside["field"], inside["sides"][1]["cell"]) == (2, "phone", "csv!2")
    (second,) = await desk.upload(("另一镇.csv", table(somebody(1, town="新民镇"))[1]))
    assert second["codes"] == {"DUP_ACROSS_FILES": 1} and second["dispositions"] == {"accept": 1}
    (across,) = await desk.every(f"/{second['id']}/conflicts")
    assert (across["field"], across["sides"][1]["name"]) == ("town_code", "台账.csv")
    await desk.decide(first, inside, "take")
    await desk.decide(second, across, "take")  # 新民镇 is right, whichever file is committed first
    await desk.commit(first)
    assert person(desk, 1) == ("610822105000", "169******09", "community_treatment", "2020-05-01")
    done = await desk.commit(second)
    assert done["taken"].get("persons") is None
    assert (person(desk, 1) or ("",))[0] == "610822105000"


async def test_an_unknown_header_is_taught_once_and_remembered(desk: Desk) -> None:
    head = HEAD.replace("管控状态", "人员现时管理类型").replace("身份证号", "证件编码")
    (job,) = await desk.upload(table(somebody(1), head=head))
    assert job["recognised"] is False
    headers = [h["header"] for h in job["layout"]["unrecognised"][0]["headers"]]
    assert "姓名" in headers and "证***" in headers  # our own words stand in clear, others may be somebody's cell
    clear = [h["header"] for h in (await desk.get(f"/{job['id']}/headers"))["items"]]
    assert {"人员现时管理类型", "证件编码"} <= set(clear)
    assert (await desk.caller("GET", f"{desk.path}/{job['id']}/headers", purpose="")).status == 422
    assert an_id(1) not in json.dumps(job)
    unknown = await desk.caller("PUT", f"{desk.path}/mappings", {"mappings": [{"header": "证件编码", "field": "no_such"}]})
    assert unknown.status == 422
    wanted = [{"header": "证件编码", "field": "id_no"}, {"kind": "person", "header": "人员现时管理类型", "field": "status"}]
    assert (await desk.caller("PUT", f"{desk.path}/mappings", {"mappings": wanted})).status == 200
    await desk.caller("POST", f"{desk.path}/{job['id']}/reread", {}, if_match=f'"v{job["version"]}"')
    await desk.house.step()
    assert (await desk.get(f"/{job['id']}"))["dispositions"] == {"accept": 1}
    (other,) = await desk.upload(table(somebody(2), head=head))
    assert other["recognised"] is True


async def test_a_town_sees_its_own_rows_and_imports_only(desk: Desk) -> None:
    (county,) = await desk.upload(table(somebody(1, town="新民镇"), somebody(2, status="社会面", phone="")))
    await desk.commit(county)
    town = Desk(desk.house, desk.house.caller("registry", Role.TOWN_OFFICER, scope=("610822100",)))
    assert (await town.caller("GET", f"{town.path}/{county['id']}")).status == 404
    assert (await town.caller("GET", town.path)).json()["items"] == []
    (own,) = await town.upload(table(somebody(1), somebody(2, status="社会面"), somebody(3, town="新民镇")))
    assert own["codes"] == {"COUNTY_DECIDES": 1, "ROW_OUT_OF_SCOPE": 1} and own["dispositions"] == {"accept": 1, "hold": 2}
    assert await town.every(f"/{own['id']}/conflicts") == []
    done = await town.commit(own)
    assert done["taken"] == {"amended": 1}  # the phone that the register did not have
    assert person(desk, 2) == ("610822100000", "169******01", "in_society", "2020-05-01")
    assert (person(desk, 1) or ("",))[0] == "610822105000"
    clean = "姓名,身份证号,戒断三年认定时间"
    (list_,) = await town.upload(table(f"演示乙,{an_id(1)},2021-05-06", f"演示丙,{an_id(2)},2023-05-06", head=clean))
    assert [row["problems"][0]["code"] for row in await town.rows(list_)][:1] == ["PERSON_UNKNOWN"]


async def test_a_list_that_adds_to_persons_names_the_unknown_and_the_misnamed(desk: Desk) -> None:
    (first,) = await desk.upload(table(*(somebody(n, status="自愿戒毒", since="2018-05-01") for n in (1, 2))))
    await desk.commit(first)
    head = "姓名,身份证号,戒断三年认定时间"
    (clean,) = await desk.upload(
        table(f"演示乙,{an_id(1)},2021-05-06", f"别人,{an_id(2)},2021-05-06", f"演示丁,{an_id(3)},2021-05-06", head=head)
    )
    assert clean["codes"] == {"NAME_DIFFERS": 1, "PERSON_UNKNOWN": 1}
    done = await desk.commit(clean)
    assert done["taken"] == {"standings": 1, "closed": 1, "measures_ended": 1}
    assert (person(desk, 1) or ())[2:] == ("three_years_clean", "2021-05-06")
    with psycopg.connect(desk.house.owner) as connection:
        ended = connection.execute("select count(*) from registry.measure where end_reason = 'three_years_clean'").fetchone()
        closed = connection.execute("select count(*) from registry.person where state = 'closed'").fetchone()
    assert (ended, closed) == ((1,), (1,))


async def test_the_workbook_comes_back_marked(desk: Desk, template: Template) -> None:
    (job,) = await desk.upload(ledger(3), as_of="2020-12-31")
    reply = await desk.caller("GET", f"{desk.path}/{job['id']}/marked")
    assert reply.status == 200 and reply.headers["content-type"].startswith("application/vnd.openxmlformats")
    book = openpyxl.load_workbook(io.BytesIO(reply.body))
    assert book.sheetnames[0] == "问题清单"
    listed = {cell.value for cell in book.worksheets[0]["G"]}
    assert {"ID_CHECKSUM", "STATUS_UNKNOWN"} <= listed
    folder = Path(DataFolder(template.data_dir).path) / "files" / "registry" / "ledgers"
    assert not list(folder.glob("*.marked.xlsx"))
    sealed = folder / f"{job['id']}.sealed"
    assert sealed.stat().st_mode & 0o777 == 0o600 and not sealed.read_bytes().startswith(b"PK")


async def test_an_import_that_is_given_up_leaves_no_row_and_no_file(desk: Desk, template: Template) -> None:
    (job,) = await desk.upload(ledger(4), as_of="2020-12-31")
    reply = await desk.caller("POST", f"{desk.path}/{job['id']}/discard", {"reason": "传错"}, if_match=f'"v{job["version"]}"')
    assert reply.status == 200 and json.loads(reply.body)["state"] == "discarded"
    assert (await desk.caller("POST", f"{desk.path}/{job['id']}/commit", {}, if_match='"v9"')).status == 409
    assert not (Path(DataFolder(template.data_dir).path) / "files" / "registry" / "ledgers" / f"{job['id']}.sealed").exists()
    with psycopg.connect(desk.house.owner) as connection:
        assert connection.execute("select count(*) from registry.ledger_row").fetchone() == (0,)


async def test_roles_and_bad_uploads_are_refused(desk: Desk) -> None:
    worker = Desk(desk.house, desk.house.caller("registry", Role.SOCIAL_WORKER))
    assert (await worker.post(table(somebody(1))))[0] == 403
    status, body = await desk.post(table(somebody(1)), as_of="2999-01-01")
    assert status == 422 and body["errors"][0]["pointer"] == "/as_of"
    assert (await desk.post())[0] == 422
