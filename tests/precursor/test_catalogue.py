"""The list of precursors: what a word stands for, who is competent for it, and how firms and draws follow a change of the list from its day on."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from psycopg.conninfo import make_conninfo

from deploy import database
from kit.migrate import config_for, owner_engine
from services.precursor.catalogue.rules import changes
from services.precursor.catalogue.rules.file import read_catalogue
from services.precursor.catalogue.rules.names import Names
from services.precursor.catalogue.tables import CatalogueEntry
from services.precursor.firms.schemas import checked_uscc
from services.precursor.jobs import catalogue_in_effect
from tests.houses import TestHouse
from tests.precursor import county
from tests.precursor.county import parsed
from tests.precursor.test_firms import USCC, a_firm, load

DAY = date(2021, 7, 1)
HEAD = county.CATALOGUE.read_text(encoding="utf-8").splitlines()[0]


def shipped(day: date = DAY) -> Names:
    """The names of the shipped list on a day."""
    rows, faults = read_catalogue(county.CATALOGUE.read_text(encoding="utf-8"))
    assert faults == []
    return Names([CatalogueEntry(**row, loaded_at=datetime(2021, 7, 1, tzinfo=UTC)) for row in rows], day)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("word", "entries", "found"),
    [
        ("盐酸麻黄碱", ["麻黄素类物质"], "salt"),
        ("硫酸伪麻黄碱", ["麻黄素类物质"], "salt"),
        ("盐酸去甲麻黄碱", ["麻黄素类物质"], "salt"),
        ("盐酸苯丙醇胺", ["麻黄素类物质"], "salt"),
        ("伪麻黄素盐酸盐", ["麻黄素类物质"], "salt"),
        ("酒石酸麦角胺", ["麦角胺"], "salt"),
        ("马来酸麦角新碱注射液", ["麦角新碱"], "preparation"),
        ("盐酸麻黄碱片", ["麻黄素类物质"], "preparation"),
        ("苯乙酸钠", ["苯乙酸"], "salt"),
        ("哌啶盐酸盐", ["哌啶"], "salt"),
        ("Ephedrine hydrochloride", ["麻黄素类物质"], "salt"),
        ("4-苯胺基-N-苯乙基哌啶盐酸盐", ["4-苯胺基-N-苯乙基哌啶"], "salt"),
        ("浓硫酸", ["硫酸"], "strength"),
        ("硫酸(98%)", ["硫酸"], "strength"),
        ("37%盐酸", ["盐酸"], "strength"),
        ("工业级丙酮", ["丙酮"], "strength"),
        ("氯仿", ["三氯甲烷"], "synonym"),
        ("108-24-7", ["醋酸酐"], "cas"),
        ("TOLUENE", ["甲苯"], "english"),
        ("甲苯、丙酮混合溶剂", ["甲苯", "丙酮"], "mixture"),
        ("丁酮与浓硫酸的混合物".replace("的", ""), ["甲基乙基酮", "硫酸"], "mixture"),
        ("高 锰 酸 钾", ["高锰酸钾"], "name"),
    ],
)
def test_a_word_leads_to_its_entries(word: str, entries: list[str], found: str) -> None:
    meant = shipped().resolve(word)
    assert meant is not None
    assert ([entry.name_zh for entry in meant.entries], meant.found) == (entries, found)


@pytest.mark.parametrize(
    "word",
    [
        "硫酸钠",  # a salt of class 3 is not controlled (PCR annex note 2)
        "复方麻黄碱片",  # several ingredients
        "苯乙酸乙酯",  # an ester, not a salt
        "盐酸乙醚",  # no such salt
        "甲苯、无名溶剂混合物",  # what else is in it must be asked
        "水",
        "102-01-2",
    ],
)
def test_what_nobody_can_know_is_asked(word: str) -> None:
    assert shipped().resolve(word) is None


def test_a_near_name_is_suggested_and_never_taken() -> None:
    names = shipped()
    assert names.resolve("高锰酸甲") is None
    assert names.suggestions("高锰酸甲")[0].name_zh == "高锰酸钾"
    assert names.suggestions("完全不同的词语") == []


async def test_a_salt_goes_to_the_drug_administration_and_several_go_to_all(house: TestHouse) -> None:
    await county.load_catalogue(house)
    officer = county.county_officer(house)
    new = a_firm(chemicals=["盐酸麻黄碱"], activities=["trade"])
    firm = parsed(await officer("POST", "/precursor/v1/firms", new), 201)
    assert (firm["chemicals"], firm["stated_chemicals"]) == (["麻黄素类物质"], ["盐酸麻黄碱"])
    assert (firm["categories"], firm["competent"]) == ([1], ["drug_administration"])
    more = {"chemicals": ["盐酸麻黄碱", "甲苯和丙酮混合物"], "activities": ["trade", "transport", "import_export"], "reason": "增项"}
    firm = parsed(await officer("PATCH", f"/precursor/v1/firms/{firm['id']}", more, if_match='"v1"'))
    assert firm["chemicals"] == ["丙酮", "甲苯", "麻黄素类物质"]
    assert firm["competent"] == ["commerce", "drug_administration", "emergency_management", "police"]
    assert parsed(await officer("GET", f"/precursor/v1/firms?chemical={quote('盐酸伪麻黄碱')}"))["items"][0]["id"] == firm["id"]
    unknown = parsed(
        await officer("PATCH", f"/precursor/v1/firms/{firm['id']}", {"chemicals": ["甲苯", "高锰酸甲"], "reason": "x"}, if_match='"v2"'),
        422,
    )
    assert (unknown["errors"][0]["pointer"], unknown["errors"][0]["code"]) == ("/chemicals/1", "chemical_unknown")
    assert "高锰酸钾" in str(unknown)
    asked = parsed(await officer("POST", "/precursor/v1/catalogue/names/search", {"names": ["盐酸麻黄碱", "硫酸纳"]}))["items"]
    assert (asked[0]["found"], asked[0]["entries"][0]["competent"]["make_sell"]) == ("salt", "drug_administration")
    assert (asked[1]["entries"], asked[1]["suggestions"][0]["name_zh"]) == ([], "硫酸")
    assert [entry["name_zh"] for entry in parsed(await officer("GET", f"/precursor/v1/catalogue?q={quote('硫酸伪麻黄碱')}"))["items"]] == [
        "麻黄素类物质"
    ]


async def entry_of(house: TestHouse, name: str) -> dict[str, Any]:
    """An entry of today's list by its name."""
    found: list[dict[str, Any]] = parsed(await county.county_officer(house)("GET", f"/precursor/v1/catalogue?q={quote(name)}"))["items"]
    return next(entry for entry in found if entry["name_zh"] == name)


async def told(house: TestHouse, kind: str) -> list[dict[str, Any]]:
    """The data of published events of a type."""
    feed = parsed(await house.neighbour("alerts", "precursor")("GET", "/internal/events"))["events"]
    return [event["data"] for event in feed if event["type"] == kind]


async def test_a_reclassification_moves_firms_lists_and_the_next_draw_on_its_day(house: TestHouse) -> None:
    await county.load_catalogue(house)
    officer = county.county_officer(house)
    firm = parsed(await officer("POST", "/precursor/v1/firms", a_firm(chemicals=["甲苯"], activities=["buy"])), 201)
    assert (firm["categories"], firm["competent"]) == ([3], ["police"])
    await county.take_over(house, "chemical", [{**county.rows_of("chemical")[3], "chemicals": ["甲苯"], "categories": [3]}])
    toluene = await entry_of(house, "甲苯")
    path = f"/precursor/v1/catalogue/{toluene['id']}/changes"
    change = {"change": "reclassified", "from_day": "2021-07-10", "category": 2, "legal_basis": "国办函〔2021〕演示号"}
    assert (await house.caller("precursor", "inspector")("POST", path, change)).status == 403
    assert parsed(await officer("POST", path, {**change, "category": 3}), 409)["type"] == "/problems/list-unchanged"
    assert parsed(await officer("POST", path, {**change, "category": None}), 422)["errors"][0]["pointer"] == "/category"
    new = parsed(await officer("POST", path, change), 201)
    assert (new["category"], new["valid_from"], new["salts_controlled"]) == (2, "2021-07-10", True)
    assert (await officer("POST", path, change)).status == 409
    assert await told(house, "catalogue.changed") == [
        {"change": "reclassified", "from_day": "2021-07-10", "category_before": 3, "category_after": 2}
    ]
    listed = parsed(await officer("GET", "/precursor/v1/catalogue/changes?since=2021-07-01"))["items"]
    assert ("甲苯", "reclassified", "2021-07-10") in {(c["name_zh"], c["change"], c["from_day"]) for c in listed}

    async def in_class(category: int) -> int:
        return len(parsed(await officer("GET", f"/precursor/v1/firms?category={category}"))["items"])

    assert (await in_class(2), await in_class(3)) == (0, 2)
    house.clock.now = datetime(2021, 7, 9, 16, 1, tzinfo=UTC)  # one minute past midnight of the tenth in Shanghai, before any job
    assert (await in_class(2), await in_class(3)) == (2, 0)
    assert parsed(await officer("GET", f"/precursor/v1/firms/{firm['id']}"))["categories"] == [2]
    assert await told(house, "firm.reclassified") == []
    inner = house.house.apps["precursor"].state.house
    for _ in range(2):  # a job that runs again tells nothing again
        await catalogue_in_effect(inner)
        assert [(event["categories"], event["on_day"]) for event in await told(house, "firm.reclassified")] == [([2], "2021-07-10")] * 2
    history = parsed(await officer("GET", f"/precursor/v1/firms/{firm['id']}/history"))["items"][0]
    assert (history["source"], history["before"], history["after"]) == ("catalogue", {"categories": [3]}, {"categories": [2]})


async def test_a_delisted_chemical_leaves_and_a_new_one_comes(house: TestHouse) -> None:
    await county.load_catalogue(house)
    officer = county.county_officer(house)
    rows = [row for row in county.rows_of("chemical") if row["uscc"]]
    await county.enter_officers(house, 3)
    only = parsed(await officer("POST", "/precursor/v1/firms", a_firm(chemicals=["丙酮"])), 201)
    await county.take_over(house, "chemical", [{**rows[1], "chemicals": ["环己酮"], "categories": []}, {**rows[2], "chemicals": ["硫酸"]}])
    other = parsed(await officer("GET", f"/precursor/v1/firms?q={rows[1]['uscc']}"))["items"][0]
    assert (other["unknown_chemicals"], other["categories"]) == (["环己酮"], [])
    acetone = await entry_of(house, "丙酮")
    gone = {"change": "delisted", "from_day": "2021-07-05", "legal_basis": "演示公告"}
    parsed(await officer("POST", f"/precursor/v1/catalogue/{acetone['id']}/changes", gone), 201)
    line = "48,环己酮,cyclohexanone,,108-94-1,2,,N,national,2021-07-05,,演示公告,N,Y,,,,,"
    assert parsed(await load(house, f"{HEAD}\n{line}\n".encode()))["added"] == 1
    early = parsed(await officer("POST", "/precursor/v1/draws", county.a_draw(inspect_to="2021-07-31")), 201)
    proof = parsed(await officer("GET", f"/precursor/v1/draws/{early['id']}/proof"))
    pool = {entry["id"] for entry in proof["objects"]["objects"]}
    assert {entry["id"]: entry["reason"] for entry in proof["objects"]["excluded"]} == {only["id"]: "nothing_controlled"}
    assert other["id"] in pool  # the inspections begin after the day of the change
    house.clock.now = datetime(2021, 7, 5, 1, tzinfo=UTC)
    shown = parsed(await officer("GET", f"/precursor/v1/firms/{only['id']}"))
    assert (shown["categories"], shown["competent"], shown["delisted_chemicals"]) == ([], [], ["丙酮"])
    shown = parsed(await officer("GET", f"/precursor/v1/firms/{other['id']}"))
    assert (shown["categories"], shown["unknown_chemicals"]) == ([2], [])
    back = await officer("PATCH", f"/precursor/v1/firms/{other['id']}", {"chemicals": ["丙酮"], "reason": "x"}, if_match='"v1"')
    assert parsed(back, 422)["errors"][0]["code"] == "chemical_delisted"
    await county.load_catalogue(house)  # the old list again opens nothing that was ended
    assert parsed(await officer("GET", f"/precursor/v1/firms/{only['id']}"))["categories"] == []


async def test_a_newer_row_in_a_loaded_list_ends_the_older(house: TestHouse) -> None:
    await county.load_catalogue(house)
    line = "40,甲苯,toluene,甲基苯,108-88-3,2,,N,national,2021-09-20,,演示公告,N,Y,,,,,"
    answer = parsed(await load(house, f"{HEAD}\n{line}\n".encode()))
    assert (answer["added"], answer["ended"]) == (1, 1)
    clash = "49,无名,nameless,甲苯,,2,,N,national,2021-09-20,,演示公告,N,Y,,,,,"
    assert parsed(await load(house, f"{HEAD}\n{clash}\n".encode()), 422)["errors"][0]["pointer"] == "/1/synonyms"
    officer = county.county_officer(house)
    for day, category in (("2021-09-19", 3), ("2021-09-20", 2)):
        found = parsed(await officer("GET", f"/precursor/v1/catalogue?q={quote('甲苯')}&on={day}"))["items"]
        assert [entry["category"] for entry in found if entry["name_zh"] == "甲苯"] == [category]


def test_changes_are_read_off_the_days() -> None:
    def entry(category: int, first: date, last: date | None = None) -> CatalogueEntry:
        return CatalogueEntry(name_zh="甲", category=category, subtype="", valid_from=first, valid_to=last)  # pyright: ignore[reportCallIssue]

    a, b, c = date(2005, 1, 1), date(2010, 1, 1), date(2020, 1, 1)
    told_of = [(change.change, change.from_day) for change in changes.changes_in([entry(3, a, b), entry(2, b, c)])]
    assert told_of == [("listed", a), ("reclassified", b), ("delisted", c)]
    gap = [(change.change, change.from_day) for change in changes.changes_in([entry(3, a, b), entry(3, c)])]
    assert gap == [("listed", a), ("delisted", b), ("listed", c)]


@pytest.mark.parametrize("written", ["9199 0822 DEM0 0001 4A", "9199-0822-DEM000014A", "\uff19199\u30000822dem000014a", f"\u200b{USCC}"])
async def test_a_code_with_blanks_inside_is_the_same_code_everywhere(house: TestHouse, written: str) -> None:
    await county.load_catalogue(house)
    officer = county.county_officer(house)
    assert parsed(await officer("POST", "/precursor/v1/firms", a_firm(uscc=written)), 201)["uscc"] == USCC
    assert (await officer("POST", "/precursor/v1/firms", a_firm())).status == 409
    assert [firm["uscc"] for firm in parsed(await officer("GET", f"/precursor/v1/firms?q={quote(written)}"))["items"]] == [USCC]
    row = {**county.rows_of("chemical")[0], "uscc": written}
    assert (await county.take_over(house, "chemical", [row])).created == []
    assert checked_uscc(USCC) == USCC


async def test_a_courier_may_carry_precursors(house: TestHouse) -> None:
    await county.load_catalogue(house)
    officer = county.county_officer(house)
    new = a_firm(kind="courier", lines=["chemical"], chemicals=["甲苯"], activities=["transport"], real_name=True)
    firm = parsed(await officer("POST", "/precursor/v1/firms", new), 201)
    assert (firm["kind"], firm["lines"], firm["competent"]) == ("courier", ["chemical", "courier"], ["police"])
    assert parsed(await officer("GET", "/precursor/v1/firms/counts")) == {
        "total": 1,
        "by_kind": {"chemical": 1, "courier": 1},
        "by_division": {"610822100000": 1},
    }
    for kind, authority in (("chemical", "emergency_management"), ("courier", "postal_administration")):
        for number in (1, 2):
            entry = {
                **county.an_officer(number, authority),
                "staff_code": f"{kind}{number}",
                "certificate_no": f"陕{kind[:2].upper()}{number:06d}",
            }
            parsed(await officer("POST", "/precursor/v1/inspectors", entry), 201)
        draw = parsed(await officer("POST", "/precursor/v1/draws", county.a_draw(object_kind=kind, authority=authority)), 201)
        assert draw["objects"] == 1


def test_the_revision_keeps_what_a_filled_database_says(postgres: str) -> None:
    """Firms of the landed version keep every class and word; what their chemicals explain follows the list, what they do not stays the ledger's word."""
    name = "revision_of_the_list"
    with psycopg.connect(postgres, autocommit=True) as connection:
        database.create_database(connection, name)
    address = make_conninfo(postgres, dbname=name)
    engine = owner_engine(address)
    with engine.begin() as connection:
        connection.execute(sa.text("create schema precursor"))
        command.upgrade(config_for("services.precursor", connection), "0001")
    with psycopg.connect(address) as connection:
        insert = """insert into precursor.firm (id, kind, uscc, name, division_code, chemicals, categories, activities, risk_class, state, version,
                    created_at, updated_at) values (gen_random_uuid(), %s, %s, 'x', '610822100000', %s, %s, '[]', 'B', 'active', 1, now(), now())"""
        connection.execute(
            """insert into precursor.catalogue_entry (id, seq, name_zh, name_en, synonyms, cas, category, subtype, is_group, control_level,
               salts_controlled, valid_from, legal_basis, pending_verification, authority_make_sell, authority_purchase, authority_transport,
               authority_trade, note, loaded_at) values (gen_random_uuid(), 1, '甲苯', 'toluene', '[]', '[]', 3, '', false, 'national', false,
               '2005-11-01', 'x', false, '', '', '', '', '', now())"""
        )
        connection.execute(insert, ("chemical", "A", '["甲苯"]', "[2, 3]"))
        connection.execute(insert, ("courier", "B", "[]", "[]"))
    with engine.begin() as connection:
        command.upgrade(config_for("services.precursor", connection), "head")
    engine.dispose()
    with psycopg.connect(address) as connection:
        rows = connection.execute(
            "select uscc, lines, stated_chemicals, categories, stated_categories, competent from precursor.firm order by uscc"
        ).fetchall()
    assert rows == [("A", ["chemical"], ["甲苯"], [2, 3], [2], None), ("B", ["courier"], [], [], [], None)]
