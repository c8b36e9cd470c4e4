"""Use cases of divisions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from kit.lists import Asked, Found, find_rows
from kit.problems import invalid
from kit.work import Work
from services.registry.divisions import repository
from services.registry.divisions.errors import DivisionNotFound
from services.registry.divisions.schemas import DivisionLoad, Population
from services.registry.divisions.tables import Division, ResidentPopulation


async def list_divisions(work: Work, asked: Asked, day: date | None, level: str | None, parent: str | None) -> Found:
    """Divisions valid on a day (by default today). Raises BadCursor."""
    query = repository.divisions_on(day or work.today, level, parent)
    return await find_rows(work, repository.DIVISIONS, asked, query, {"on": day, "level": level, "parent": parent})


async def require_town(work: Work, code: str, pointer: str) -> Division:
    """The town or service centre with this code. Raises Invalid naming the field."""
    found = await repository.division(work.session, code)
    if found is None or found.level not in repository.TOWN_LEVELS:
        raise invalid(pointer, "town_unknown", "没有这个镇(便民服务中心)", "no such town or service centre")
    return found


async def read_division(work: Work, code: str) -> Division:
    """One division. Raises DivisionNotFound."""
    found = await repository.division(work.session, code)
    if found is None:
        raise DivisionNotFound
    return found


async def load_divisions(work: Work, divisions: Sequence[DivisionLoad]) -> tuple[int, int, int]:
    """Load divisions: created, changed, unchanged. Loading the same again changes nothing. Raises Invalid, Forbidden."""
    codes = [division.code for division in divisions]
    if len(set(codes)) != len(codes):
        raise invalid("", "duplicate_code", "区划代码重复", "a code occurs twice")
    known = await repository.known_codes(work.session, codes)
    differ = 0
    for start in range(0, len(divisions), 1000):  # a statement has at most 65,535 parameters
        differ += await repository.put_divisions(work.session, [division.model_dump() for division in divisions[start : start + 1000]])
    created = len(codes) - len(known)
    await work.note("division.load", "division", details={"created": created, "changed": differ - created})
    return created, differ - created, len(codes) - differ


async def put_population(work: Work, code: str, year: int, population: Population) -> ResidentPopulation:
    """Store the resident population of a division at the start of a year (domain 5, row 7). Raises DivisionNotFound."""
    await read_division(work, code)
    await repository.put_population(work.session, code, year, population.persons, population.source)
    await work.note("population.put", "division", code, details={"year": year, "persons": population.persons})
    return ResidentPopulation(division_code=code, year=year, persons=population.persons, source=population.source)


async def populations(work: Work, code: str) -> Sequence[ResidentPopulation]:
    """The populations of a division by year. Raises DivisionNotFound."""
    await read_division(work, code)
    return await repository.populations(work.session, code)
