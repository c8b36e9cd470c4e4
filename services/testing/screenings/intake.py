"""Taking over practitioner tables: counts by unit and day, without the identity of negatives.

The same file a second time changes nothing (domain 10).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kit.db import new_id
from kit.problems import Forbidden
from kit.work import Work
from services.testing.screenings import policy, repository, rules
from services.testing.screenings.rules import ScreeningRow
from services.testing.screenings.service import refer


@dataclass(frozen=True, slots=True)
class TakenOver:
    """What an intake did."""

    screenings: int
    """New (unit, day) counts; 0 when the file was taken over before."""
    tested: int
    presumptive_positive: int


async def take_over_screenings(work: Work, source: str, rows: Sequence[ScreeningRow]) -> TakenOver:
    """Take over a practitioner table. `source`: the digest of its file; without identities, only the digest shows that a file came before.

    Raises ValueError for a result word other than negative, positive, invalid, or for an empty source, Forbidden when the caller may record nowhere.
    """
    if not source or source == "entry":
        raise ValueError("a source is needed")
    place = policy.place_of_list(work.principal, work.house.county)
    if place is None:
        raise Forbidden("名单没有写明乡镇,由县禁毒办导入", "the list names no town; the county office takes it over")
    policy.may_record_in(work.principal, place)
    tallies = rules.tallied(rows, county=place)
    keys = list(tallies)
    columns = {
        "ids": [new_id() for _ in keys],
        "units": [unit for unit, _ in keys],
        "days": [day for _, day in keys],
        "towns": [tallies[key].division_code for key in keys],
        "trades": [tallies[key].trade for key in keys],
        "negative": [tallies[key].negative for key in keys],
        "positive": [tallies[key].presumptive_positive for key in keys],
        "invalid": [tallies[key].invalid for key in keys],
    }
    new = await repository.insert_tallies(work.session, source, work.principal.subject, work.now, columns)
    taken = {key: tallies[key] for key in keys if key in new}
    await refer(work, [(new[key], tally.division_code, identity) for key, tally in taken.items() for identity in tally.identities])
    await work.note("screening.take_over", "venue_screening", *new.values(), details={"rows": len(rows), "new": len(new)})
    return TakenOver(len(new), sum(tally.tested for tally in taken.values()), sum(tally.presumptive_positive for tally in taken.values()))
