"""What the law asks of the firms' files: names, codes, licences, and who decides between two ledgers."""

from __future__ import annotations

from datetime import date
from typing import Any

from services.precursor.catalogue.rules.file import ambiguous
from services.precursor.firms.rules import is_organisation_code
from tests.houses import TestHouse
from tests.precursor import county
from tests.precursor.county import parsed


def test_a_name_in_the_catalogue_means_one_chemical_on_one_day() -> None:
    def entry(name: str, first: int, last: int | None = None, synonyms: tuple[str, ...] = ()) -> dict[str, Any]:
        return {"name_zh": name, "synonyms": list(synonyms), "valid_from": date(first, 1, 1), "valid_to": last and date(last, 1, 1)}

    assert ambiguous([entry("甲", 2005, synonyms=("丙",)), entry("乙", 2010, synonyms=("丙",))]) == ["丙"]
    assert ambiguous([entry("甲", 2005), entry("乙", 2010, synonyms=("甲",))]) == ["甲"]
    assert ambiguous([entry("甲", 2005, 2010), entry("甲", 2010)]) == []  # another class from that day on
    assert ambiguous([entry("甲", 2005, 2011), entry("甲", 2010)]) == ["甲"]


async def test_a_firm_of_two_ledgers_is_inspected_as_both_and_its_name_left_to_a_person(house: TestHouse) -> None:
    await county.load_catalogue(house)
    await county.take_over(house, "chemical")
    row = next(row for row in county.rows_of("chemical") if row["uscc"])
    told = await county.take_over(house, "courier", [{"company_name": "另一名称", "uscc": row["uscc"], "town_code": row["town_code"]}])
    assert [(problem.field, problem.code) for problem in told.problems] == [("uscc", "kind_differs")]
    officer = county.county_officer(house)
    firm = parsed(await officer("GET", f"/precursor/v1/firms?q={row['uscc']}"))["items"][0]
    assert (firm["kind"], firm["name"], firm["lines"]) == ("chemical", row["company_name"], ["chemical", "courier"])
    assert {one["id"] for one in parsed(await officer("GET", "/precursor/v1/firms?kind=courier"))["items"]} == {firm["id"]}
    closed = {"state": "closed", "reason": "注销"}
    parsed(await officer("PATCH", f"/precursor/v1/firms/{firm['id']}", closed, if_match='"v2"'))
    told = await county.take_over(house, "chemical", [row])
    assert [problem.code for problem in told.problems] == ["county_decides"], (
        "a ledger row neither opens a closed firm nor says that it is closed"
    )
    assert parsed(await officer("GET", f"/precursor/v1/firms/{firm['id']}"))["state"] == "closed"


async def test_licences_that_end_soon_can_be_listed(house: TestHouse) -> None:
    await county.load_catalogue(house)
    officer = county.county_officer(house)
    dates = ["2021-06-30", "2021-07-31", "2021-08-01", None]
    rows = [row for row in county.rows_of("chemical") if row["uscc"]][:4]
    for row, ends in zip(rows, dates, strict=True):
        new = {"kind": "chemical", "uscc": row["uscc"], "name": row["company_name"], "division_code": row["town_code"]}
        parsed(await officer("POST", "/precursor/v1/firms", {**new, "licence_no": "备1", "licence_valid_to": ends}), 201)
    found = parsed(await officer("GET", "/precursor/v1/firms?licence_expiring=true"))["items"]
    assert [firm["licence_valid_to"] for firm in found] == ["2021-06-30", "2021-07-31"]


def test_a_credit_code_has_two_check_characters() -> None:
    """GB 32100-2015 over the whole, GB 11714-1997 over the organisation code inside: `91110000600037341L` is the published example."""
    assert is_organisation_code("600037341")
    assert is_organisation_code("DEM000014")
    assert not any(is_organisation_code("60003734" + character) for character in "023456789X")
    assert not is_organisation_code("60003734")
    assert is_organisation_code("D2143569X")  # the example of GB 11714
