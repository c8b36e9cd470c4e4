"""The registered standing follows what was decided about a measure, by one rule (`rules.standing.status_after`)."""

from __future__ import annotations

from datetime import date

from kit.work import Work
from services.registry.measures import repository
from services.registry.measures.rules.standing import status_after
from services.registry.measures.rules.states import EXCLUSIVE
from services.registry.measures.tables import Measure
from services.registry.people.rules import ENDS_SUPERVISION
from services.registry.people.service.standings import FOLLOWS_MEASURE, append_standing
from services.registry.people.tables import Person


async def show_status(work: Work, person: Person, measure: Measure, on: date, document: str | None) -> None:
    """Let the registered standing follow what was decided about the measure (`rules.standing`), unless another exclusive measure runs or the word is the same."""
    status = status_after(measure.kind, measure.state)
    if status is None or status == person.status or person.status in ENDS_SUPERVISION:
        return
    running = await repository.open_measures_of(work.session, [person.id])
    if status != measure.kind and any(other["kind"] in EXCLUSIVE for other in running):
        return
    since = max(
        on, person.status_since
    )  # the latest day holds: an older decision, entered late, changes what the register shows today all the same
    await append_standing(work, person, status, since, document or "按戒毒措施更新", source=FOLLOWS_MEASURE)
