"""Officers who cannot go after the draw: the next of the drawn order comes, so that nobody chooses who inspects whom (行政处罚法 art. 43)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from uuid import UUID

from kit.problems import invalid
from kit.work import Work
from services.precursor.draws import repository, rules
from services.precursor.draws.errors import DrawState, NotEnoughInspectors
from services.precursor.draws.schemas import NewReplacement, ReplacementAnswer
from services.precursor.draws.service import changeable, step
from services.precursor.draws.tables import Draw, DrawDirectory
from services.precursor.inspections import opening
from services.precursor.inspections import repository as inspections
from services.precursor.inspections.tables import InspectionReplacement
from services.precursor.inspectors import service as inspectors


async def replacements_of(work: Work, draw_id: UUID) -> list[ReplacementAnswer]:
    """All replacements of a draw, oldest first."""
    return [_answer(firm_id, row) for firm_id, row in await inspections.replacements_of_draw(work.session, draw_id)]


async def replace_officer(work: Work, draw_id: UUID, new: NewReplacement, if_match: str | None) -> tuple[Draw, ReplacementAnswer]:
    """Send the next officer of the drawn order instead of one who cannot go, on a ground that stands on record.

    Raises DrawNotFound, Forbidden, StaleVersion, DrawState, InspectionState, NotEnoughInspectors, Invalid when nothing on record keeps the officer away.
    """
    draw, directory = await changeable(work, draw_id, if_match)
    if draw.state != "published":
        raise DrawState
    inspection = await opening.planned_of_draw(work, draw.id, new.firm_id)
    if new.leaves not in (await inspections.officers_of(work.session, [inspection.id]))[inspection.id]:
        raise invalid("/leaves", "not_drawn", "不是本次抽取的执法人员", "was not drawn for this inspection")
    order = await _order_for(work, draw, directory, new.firm_id)
    unfit = await inspectors.unfit_for(work, [*order, new.leaves], new.firm_id, max(work.today, draw.inspect_from), draw.inspect_to)
    if new.leaves not in unfit:
        zh, en = "名录中没有回避、请假、离岗或证件失效的记录", "no recusal, leave or lapsed certificate of this officer is on record"
        raise invalid("/leaves", "no_ground", zh, en)
    ever = (await inspections.officers_of(work.session, [inspection.id], ever=True))[inspection.id]
    enters, skipped = rules.successor(list(map(str, order)), map(str, ever), map(str, unfit))
    if enters is None:
        raise NotEnoughInspectors("抽取顺序中已无可派执法人员", "nobody is left in the drawn order")
    passed_over = [{"inspector": officer, "ground": unfit[UUID(officer)]} for officer in skipped]
    row = await opening.exchange(work, inspection, new.leaves, UUID(enters), unfit[new.leaves], passed_over, new.note)
    draw.version += 1
    draw.updated_at = work.now
    await repository.add(work.session, step(work, draw, "replace_officer", {"ground": row.ground}))
    await work.note("draw.replace_officer", "draw", draw.id, details={"ground": row.ground})
    return draw, _answer(new.firm_id, row)


async def _order_for(work: Work, draw: Draw, directory: DrawDirectory, firm_id: UUID) -> Sequence[UUID]:
    """All officers who might have been drawn for a firm, in the order that the seed gives."""
    _, _, reveals = await repository.parts_of(work.session, [draw.id])
    directories = rules.directories_of(json.loads(directory.objects), json.loads(directory.inspectors))
    candidate = next(item for item in directories.candidates if item.id == str(firm_id))
    free = rules.eligible(candidate, directories)
    return [UUID(officer) for officer in rules.pick(free, len(free), f"officers:{firm_id}", bytes.fromhex(reveals[draw.id].seed))]


def _answer(firm_id: UUID, row: InspectionReplacement) -> ReplacementAnswer:
    return ReplacementAnswer(
        object=firm_id, leaves=row.leaves, enters=row.enters, ground=row.ground, passed_over=row.passed_over, recorded_at=row.recorded_at
    )
