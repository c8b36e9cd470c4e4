"""What the tests of the workbook reader share: the words of all services, the county's divisions, the practice ledgers."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from kit.sheets import Place, Vocabulary

ROOT = Path(__file__).resolve().parents[3]
LEDGERS = ROOT / "tests" / "data" / "ledgers"
SERVICES = ("registry", "testing", "precursor")


def county_places() -> tuple[Place, ...]:
    """The divisions of the practice county, with the centre above a village as its second parent."""
    with (LEDGERS / "divisions_fugu.csv").open(encoding="utf-8") as file:
        return tuple(
            Place(
                row["code"],
                row["name"],
                row["level"],
                tuple(filter(None, (row["parent_code"], row["service_centre_code"]))),
                tuple(filter(None, row["aliases"].split("|"))),
            )
            for row in csv.DictReader(file)
        )


def words_of(service: str) -> Vocabulary:
    """The words of one service, knowing the county's places and the chemicals."""
    with (LEDGERS / "precursor_chemicals.csv").open(encoding="utf-8") as file:
        chemicals: dict[str, list[str]] = {row["name_zh"]: [] for row in csv.DictReader(file)}
    vocabulary = Vocabulary.load(ROOT / "services" / service / "ledgers" / "words.toml")
    return vocabulary.knowing(places=county_places(), catalogues={"chemicals": chemicals})


@pytest.fixture(scope="session")
def all_words() -> Vocabulary:
    """The words of all services together."""
    first, *others = (words_of(service) for service in SERVICES)
    return first.merged(*others)


@pytest.fixture(scope="session", params=SERVICES)
def one_service(request: pytest.FixtureRequest) -> tuple[str, Vocabulary]:
    """Each service alone: its name and its words."""
    return request.param, words_of(request.param)
