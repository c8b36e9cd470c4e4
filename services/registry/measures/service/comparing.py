"""Compares every measure's row and stretches with what follows from its history: the row repeats, and nothing else may be in it."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from kit.work import Work
from services.registry.measures import repository
from services.registry.measures.rules.life import life_of
from services.registry.measures.service.lives import FAR, differences, founded_of, told
from services.registry.measures.tables import Measure
from services.registry.people import repository as people

log = logging.getLogger("guikang.registry.measures")
BATCH = 1000


class Unlike(NamedTuple):
    """A column of a measure that does not repeat its history; `stretches` stands for all of its stretches."""

    measure_id: UUID
    column: str
    stored: Any
    computed: Any


async def unlike(work: Work) -> list[Unlike]:
    """What differs, in all measures; empty is right. The nightly end of terms must have run: a row says `active` until it is written down."""
    found: list[Unlike] = []
    after: UUID | None = None
    while batch := await repository.measures_after(work.session, after, BATCH):
        after = batch[-1].id
        found += [difference async for difference in _of(work, batch)]
    return found


async def _of(work: Work, batch: Sequence[Measure]) -> AsyncIterator[Unlike]:
    births = {one.id: one.birth_date for one in await people.people_by_ids(work.session, sorted({one.person_id for one in batch}))}
    lives = await told(work, batch, births)
    stretches = await repository.stretches_of(work.session, [one.id for one in batch])
    for one in batch:
        for column, (stored, computed) in differences(one, lives[one.id].life).items():
            yield Unlike(one.id, column, stored, computed)
        ahead = list(life_of(founded_of(one), lives[one.id].entries, FAR, work.house.works).stretches)
        if stretches[one.id] != ahead:
            yield Unlike(one.id, "stretches", stretches[one.id], ahead)


async def compare(work: Work) -> None:
    """Tell in the log of every measure that does not repeat its history. Identifiers and columns only."""
    for difference in await unlike(work):
        log.error("measure %s does not repeat its history: %s", difference.measure_id, difference.column)
