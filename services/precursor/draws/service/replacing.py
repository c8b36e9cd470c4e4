"""After the reveal: a single firm or officer that cannot come is replaced by the next of the drawn order, proposed by one person and signed by a second.

The ground must be on record; nobody chooses the replacement (APL art. 43, 国办发〔2015〕58号).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from kit.problems import Forbidden, Problem, invalid
from kit.steps.machine import START
from kit.steps.taking import Reason, declared, next_steps, refuse, take
from kit.work import Work
from services.precursor.draws import policy, repository, rules
from services.precursor.draws.errors import DrawState, NotEnoughInspectors, ReplacementNotFound, ReplacementOpen
from services.precursor.draws.rules.steps import MACHINE, REPLACEMENT
from services.precursor.draws.schemas import NewReplacement, PassedOver, Refusal, ReplacementAnswer
from services.precursor.draws.service.attempts import changeable, commission_of, read_draw, step
from services.precursor.draws.tables import Draw, DrawDirectory, DrawReplacement, DrawReplacementStep
from services.precursor.firms import service as firms
from services.precursor.inspections import repository as visits
from services.precursor.inspections import service as inspections
from services.precursor.inspectors import service as inspectors
from services.precursor.inspectors.rules import has_power


async def list_replacements(work: Work, draw_id: UUID) -> list[ReplacementAnswer]:
    """Every replacement of a draw that this caller may know. Raises DrawNotFound, Forbidden."""
    draw = await _known(work, draw_id)
    return await answers(work, draw, await repository.replacements_of(work.session, draw.id))


async def read_replacement(work: Work, draw_id: UUID, replacement_id: UUID) -> tuple[Draw, ReplacementAnswer]:
    """One replacement and its draw. Raises DrawNotFound, Forbidden, ReplacementNotFound."""
    draw = await _known(work, draw_id)
    rows = [row for row in await repository.replacements_of(work.session, draw.id) if row.id == replacement_id]
    if not rows:
        raise ReplacementNotFound
    return draw, (await answers(work, draw, rows))[0]


async def _known(work: Work, draw_id: UUID) -> Draw:
    draw = await read_draw(work, draw_id)
    if not policy.knows_result(work.principal, draw, work.today):
        raise Forbidden("检查结束前不公开", "not before the visits are over")
    return draw


async def propose_replacement(work: Work, draw_id: UUID, new: NewReplacement, if_match: str | None) -> tuple[Draw, ReplacementAnswer]:
    """Propose to replace a drawn officer, or a drawn firm, that cannot come on a ground on record.

    Raises DrawNotFound, Forbidden, StaleVersion, DrawState, InspectionState, NotEnoughInspectors, ReplacementOpen, Invalid without a ground.
    """
    draw, directory = await changeable(work, draw_id, if_match)
    declared(MACHINE, draw.state, "propose_replacement", DrawState)
    kind, leaves = ("officer", new.leaves) if new.leaves is not None else ("object", new.firm_id)
    row = DrawReplacement(
        draw_id=draw.id,
        kind=kind,
        firm_id=new.firm_id,
        leaves=leaves,
        state=declared(REPLACEMENT, START, "propose").target,
        ground="",
        note=new.note,
        proposed_by=work.principal.subject,
        proposed_staff=work.principal.staff_id,
        proposed_at=work.now,
        updated_at=work.now,
    )
    await _settle(work, draw, directory, row)
    row.enters, row.passed_over, row.officers = None, [], []  # the signature settles who comes
    if await repository.is_proposed(work.session, draw.id, row.firm_id, row.leaves):
        raise ReplacementOpen
    first = DrawReplacementStep(
        object_id=row.id,
        event="propose",
        from_state=START,
        to_state=row.state,
        happened_on=work.today,
        source=declared(REPLACEMENT, START, "propose").source,
        reason=new.note,
        recorded_by=work.principal.subject,
        recorded_at=work.now,
    )
    await repository.add(work.session, row, first)
    await step(work, draw, "propose_replacement", {"ground": row.ground, "kind": kind})
    return draw, (await answers(work, draw, [row]))[0]


async def sign_replacement(work: Work, draw_id: UUID, replacement_id: UUID, if_match: str | None) -> tuple[Draw, ReplacementAnswer]:
    """Sign as the second person: the next of the drawn order comes. The ground must still stand on record.

    Raises DrawNotFound, ReplacementNotFound, Forbidden, SamePerson, StaleVersion, DrawState, InspectionState, NotEnoughInspectors, Invalid.
    """
    draw, directory = await changeable(work, draw_id, if_match)
    row = await _to_sign(work, draw, replacement_id, "sign")
    await _settle(work, draw, directory, row)
    row.signed_by, row.signed_at = work.principal.subject, work.now
    await _take(work, row, "sign", "")
    if row.kind == "officer":
        assert row.enters is not None
        inspection = await inspections.planned_of_draw(work, draw.id, row.firm_id)
        who = inspections.Exchange(row.leaves, row.enters, row.ground, row.passed_over, row.note, row.proposed_by)
        await inspections.exchange_officer(work, inspection, who)
    else:
        await _exchange_object(work, draw, directory, row)
    await step(work, draw, f"replace_{row.kind}", {"ground": row.ground})
    return draw, (await answers(work, draw, [row]))[0]


async def refuse_replacement(
    work: Work, draw_id: UUID, replacement_id: UUID, refusal: Refusal, if_match: str | None
) -> tuple[Draw, ReplacementAnswer]:
    """Refuse to sign: the draw stays unchanged. Raises as sign_replacement."""
    draw, _ = await changeable(work, draw_id, if_match)
    row = await _to_sign(work, draw, replacement_id, "refuse")
    row.signed_by = work.principal.subject
    await _take(work, row, "refuse", refusal.note)
    return draw, (await answers(work, draw, [row]))[0]


async def answers(work: Work, draw: Draw, rows: Sequence[DrawReplacement]) -> list[ReplacementAnswer]:
    """Replacements as they are shown to those who plan and inspect, with what comes next for this caller."""
    own = await inspectors.entry_of(work)
    directories, _, _ = await repository.parts_of(work.session, [draw.id])
    found: list[ReplacementAnswer] = []
    for row in rows:
        blocked: dict[str, list[Reason]] = {}
        if row.state == "proposed":
            refusals = policy.not_to_sign(work.principal, draw, row, own)
            blocked = {"refuse": refusals, "sign": [*refusals, *await _unsettled(work, draw, directories[draw.id], row)]}
        values: dict[str, Any] = {name: getattr(row, name) for name in ReplacementAnswer.model_fields if hasattr(row, name)}
        more = {
            "object": row.firm_id,
            "passed_over": [PassedOver.model_validate(item) for item in row.passed_over],
            "next_steps": next_steps(REPLACEMENT, row.state, work.principal, blocked),
        }
        found.append(ReplacementAnswer.model_validate({**values, **more}))
    return found


async def _unsettled(work: Work, draw: Draw, directory: DrawDirectory, row: DrawReplacement) -> list[Reason]:
    """Why a signature would settle nothing now: the ground stands no more, the visit has begun, or nobody is left. Tried with a row that is not kept."""
    tried = DrawReplacement(**row.model_dump())
    try:
        await _settle(work, draw, directory, tried, for_update=False)
    except Problem as problem:
        told = [Reason(code=error.code, zh=error.message_zh, en=error.message_en) for error in problem.errors]
        return told or [policy.of(type(problem))]
    return []


async def _to_sign(work: Work, draw: Draw, replacement_id: UUID, event: str) -> DrawReplacement:
    row = await repository.replacement(work.session, draw.id, replacement_id)
    if row is None:
        raise ReplacementNotFound
    declared(MACHINE, draw.state, f"replace_{row.kind}", DrawState)
    declared(REPLACEMENT, row.state, event, DrawState)
    policy.must_be_second(work.principal, row.proposed_by, row.proposed_staff)
    refuse(policy.not_to_sign(work.principal, draw, row, await inspectors.entry_of(work)), Forbidden)
    return row


async def _take(work: Work, row: DrawReplacement, event: str, reason: str) -> None:
    own = {"recorded_by": work.principal.subject}
    noted = ("draw_replacement", row.id, "draw_replacement")
    await take(work, REPLACEMENT, row, event, DrawReplacementStep, noted=noted, reason=reason, problem=DrawState, more=own)


async def _settle(work: Work, draw: Draw, directory: DrawDirectory, row: DrawReplacement, *, for_update: bool = True) -> None:
    """The ground, the successor and those passed over, as of now."""
    inspection = await inspections.planned_of_draw(work, draw.id, row.firm_id, for_update=for_update)
    if row.kind == "officer":
        await _settle_officer(work, draw, directory, row, inspection.id)
    else:
        await _settle_object(work, draw, directory, row)


async def _settle_officer(work: Work, draw: Draw, directory: DrawDirectory, row: DrawReplacement, inspection_id: UUID) -> None:
    if row.leaves not in (await visits.officers_of(work.session, [inspection_id]))[inspection_id]:
        raise invalid("/leaves", "not_drawn", "不是本次抽取的执法人员", "was not drawn for this inspection")
    order = await _officers_for(work, draw, directory, row.firm_id)
    unfit = await inspectors.unfit_for(work, [*order, row.leaves], row.firm_id, max(work.today, draw.inspect_from), draw.inspect_to)
    if row.leaves not in unfit:
        zh, en = "名录中没有回避、请假、离岗或证件失效的记录", "no recusal, leave or lapsed certificate of this officer is on record"
        raise invalid("/leaves", "no_ground", zh, en)
    ever = (await visits.officers_of(work.session, [inspection_id], ever=True))[inspection_id]
    enters, skipped = rules.successor(list(map(str, order)), map(str, ever), map(str, unfit))
    if enters is None:
        raise NotEnoughInspectors("抽取顺序中已无可派执法人员", "nobody is left in the drawn order")
    row.ground, row.enters = unfit[row.leaves], UUID(enters)
    row.passed_over = [{"inspector": officer, "ground": unfit[UUID(officer)]} for officer in skipped]


async def _settle_object(work: Work, draw: Draw, directory: DrawDirectory, row: DrawReplacement) -> None:
    """The firm's ground, and the next of its stratum's order that can be inspected; None when the stratum has no other firm."""
    _, _, reveals = await repository.parts_of(work.session, [draw.id])
    reveal = reveals[draw.id]
    drawn: dict[str, str] = {line["object"]: line["stratum"] for line in reveal.result}
    for other in await repository.replacements_of(work.session, draw.id):
        if other.kind == "object" and other.state == "signed" and other.enters is not None:
            drawn[str(other.enters)] = drawn[str(other.leaves)]
    stratum = drawn[str(row.firm_id)]
    directories = rules.directories_of(json.loads(directory.objects), json.loads(directory.inspectors))
    members = sorted(candidate.id for candidate in directories.candidates if candidate.stratum == stratum)
    order = rules.pick(members, len(members), f"objects:{stratum}", bytes.fromhex(reveal.seed))
    unfit = await _firms_unfit(work, draw, [UUID(member) for member in members])
    if unfit.get(row.firm_id, "yearly_cap") == "yearly_cap":  # being drawn already counts as a visit, so the cap is not a ground
        zh, en = "企业档案和品种目录中没有注销、无检查权或品种调出的记录", "neither its file nor the list gives a ground"
        raise invalid("/firm_id", "no_ground", zh, en)
    enters, skipped = rules.successor(order, drawn, map(str, unfit))
    row.ground, row.enters = unfit[row.firm_id], UUID(enters) if enters else None
    row.passed_over = [{"object": firm_id, "ground": unfit[UUID(firm_id)]} for firm_id in skipped]
    parameters = json.loads(directory.parameters)
    row.officers = []
    if enters is not None:
        candidate = next(item for item in directories.candidates if item.id == enters)
        free = rules.eligible(candidate, directories)
        row.officers = rules.pick(free, parameters["officers_per_object"], f"officers:{enters}", bytes.fromhex(reveal.seed))


async def _firms_unfit(work: Work, draw: Draw, members: Sequence[UUID]) -> dict[UUID, str]:
    """Which of these firms cannot be inspected now, and why."""
    day = max(work.today, draw.inspect_from)
    count = await visits.visits_of_year(work.session, draw.object_kind, draw.inspect_from.year)
    unfit: dict[UUID, str] = {}
    for firm, holding in await firms.with_holdings(work, await firms.firms_of(work, members), day):
        held = {"pharmaceutical": holding.pharmaceutical, "other": holding.other, "activities": holding.activities}
        if firm.state != "active":
            unfit[firm.id] = "closed"
        elif draw.object_kind == "chemical" and not holding.controlled:
            unfit[firm.id] = "nothing_controlled"
        elif draw.object_kind not in firm.lines or not has_power(draw.authority, draw.object_kind, **held):
            unfit[firm.id] = "not_competent"
        elif count.get(firm.id, (0, False))[0] >= rules.YEARLY_CAP:
            unfit[firm.id] = "yearly_cap"
    return unfit


async def _exchange_object(work: Work, draw: Draw, directory: DrawDirectory, row: DrawReplacement) -> None:
    objects = {item["id"]: item for item in json.loads(directory.objects)["objects"]}
    comes = None
    if row.enters is not None:
        entry = objects[str(row.enters)]
        comes = inspections.Drawn(row.enters, entry["division_code"], entry["stratum"], tuple(map(UUID, row.officers)))
    await inspections.exchange_object(work, commission_of(draw), row.firm_id, comes, row.note)


async def _officers_for(work: Work, draw: Draw, directory: DrawDirectory, firm_id: UUID) -> Sequence[UUID]:
    """All officers who might have been drawn for a firm, in the order that the seed gives."""
    _, _, reveals = await repository.parts_of(work.session, [draw.id])
    directories = rules.directories_of(json.loads(directory.objects), json.loads(directory.inspectors))
    candidate = next(item for item in directories.candidates if item.id == str(firm_id))
    free = rules.eligible(candidate, directories)
    return [UUID(officer) for officer in rules.pick(free, len(free), f"officers:{firm_id}", bytes.fromhex(reveals[draw.id].seed))]
