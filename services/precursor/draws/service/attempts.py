"""Plan, commit, enter the public values, reveal, close, set aside. Each attempt stays on record and is counted; no step here can be undone."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from kit.clock import SHANGHAI, local_day
from kit.db import new_id
from kit.etags import check_version
from kit.problems import ROLE, Forbidden, invalid
from kit.steps.machine import START
from kit.steps.taking import declared, refuse, take
from kit.work import Work
from services.precursor.catalogue.service import called
from services.precursor.draws import policy, repository, rules
from services.precursor.draws.errors import (
    DrawNotFound,
    DrawPending,
    DrawRepeated,
    DrawState,
    NotEnoughInspectors,
    NothingToDraw,
    TooEarly,
    TooLate,
    ValuesDiffer,
    ValuesMissing,
)
from services.precursor.draws.rules import sources
from services.precursor.draws.rules.steps import MACHINE
from services.precursor.draws.schemas import NewDraw, PublicSourceAnswer, Reveal, SetAside
from services.precursor.draws.service import freezing
from services.precursor.draws.tables import Draw, DrawCommitment, DrawDirectory, DrawReveal, DrawStep, DrawValue
from services.precursor.events import DrawPublished
from services.precursor.inspections import service as inspections
from services.precursor.inspectors import service as inspectors


def public_sources() -> list[PublicSourceAnswer]:
    """The sources that a draw may name."""
    return [
        PublicSourceAnswer.model_validate(
            {name: getattr(source, name) for name in PublicSourceAnswer.model_fields} | {"known_at": source.known_at.isoformat("minutes")}
        )
        for source in sources.sources().values()
    ]


async def read_draw(work: Work, draw_id: UUID) -> Draw:
    """One draw. Raises DrawNotFound."""
    found = await repository.draw(work.session, draw_id)
    if found is None:
        raise DrawNotFound
    return found


async def steps_of(work: Work, draw_id: UUID) -> Sequence[DrawStep]:
    """What was done with a draw, oldest first. Raises DrawNotFound."""
    await read_draw(work, draw_id)
    return await repository.steps_of(work.session, draw_id)


async def plan_draw(work: Work, new: NewDraw) -> Draw:
    """Freeze both directories. Raises Forbidden, Invalid, DrawRepeated, DrawPending, NothingToDraw, NotEnoughInspectors."""
    division = f"{work.house.county}000000"
    policy.may_plan(work.principal, division)
    named = _named(work, new)
    await repository.lock_series(work.session, new.object_kind)
    earlier = await _check_repetition(work, new)
    draw = Draw(
        id=new_id(),
        title=new.title,
        object_kind=new.object_kind,
        authority=new.authority,
        division_code=division,
        inspect_from=new.inspect_from,
        inspect_to=new.inspect_to,
        redraw_of=new.redraw_of,
        attempt=earlier.attempt + 1 if earlier else 1,
        state=declared(MACHINE, START, "plan").target,
        created_at=work.now,
        updated_at=work.now,
    )
    frozen = await freezing.freeze(work, draw.id, new, named)
    if not frozen.objects["objects"]:
        raise NothingToDraw
    try:
        rules.check_officers(rules.directories_of(frozen.objects, frozen.inspectors), new.officers_per_object)
    except rules.TooFewInspectors as error:
        names = {item["id"]: item["name"] for item in frozen.objects["objects"]}
        number, sample = len(error.objects), "、".join(names[object_id] for object_id in error.objects[:5])
        zh = f"{number} 家对象可派执法人员不足 {new.officers_per_object} 人: {sample}"
        raise NotEnoughInspectors(zh, f"{number} objects have fewer than {new.officers_per_object} eligible officers: {sample}") from error
    directory = freezing.directory_row(draw.id, frozen, sources.known_at(named, SHANGHAI))
    digests = {
        "directory_digest": directory.directory_digest,
        "objects_digest": directory.objects_digest,
        "inspectors_digest": directory.inspectors_digest,
    }
    first = _first_step(work, draw, digests)
    await repository.add(work.session, draw, directory, first)
    await work.note("draw.plan", "draw", draw.id, details=digests)
    return draw


async def commit_draw(work: Work, draw_id: UUID, if_match: str | None) -> Draw:
    """Commit to the secret half of the seed while nobody can know the public half. The commitment is numbered within its pool.

    Raises DrawNotFound, StaleVersion, DrawState, TooLate.
    """
    draw, directory = await changeable(work, draw_id, if_match)
    declared(MACHINE, draw.state, "commit", DrawState)
    if work.now >= directory.public_values_known_at:
        raise TooLate
    await repository.lock_series(work.session, draw.object_kind)
    secret = secrets.token_bytes(rules.SECRET_BYTES)
    commitment, pool = rules.commitment_of(secret), pool_of(draw)
    number = await repository.next_commitment(work.session, pool)
    row = DrawCommitment(
        draw_id=draw.id,
        pool=pool,
        number=number,
        commitment=commitment,
        secret_sealed=work.sealer.seal(secret.hex(), "draw_commitment", "secret", str(draw.id)),
        committed_at=work.now,
        recorded_by=work.principal.subject,
    )
    await repository.add(work.session, row)
    details = {"commitment": commitment, "commitment_number": number, "directory_digest": directory.directory_digest}
    await step(work, draw, "commit", details)
    return draw


async def enter_values(work: Work, draw_id: UUID, entry: Reveal, if_match: str | None) -> Draw:
    """Enter the public value as its named source published it; a second person enters it again to reveal. The newest entry counts.

    Raises DrawNotFound, StaleVersion, DrawState, TooEarly, Invalid.
    """
    draw, directory = await changeable(work, draw_id, if_match)
    declared(MACHINE, draw.state, "enter_values", DrawState)
    _public(work, directory, entry)
    row = DrawValue(
        draw_id=draw.id,
        public_values=entry.public_values,
        public_reference=entry.public_reference,
        recorded_by=work.principal.subject,
        staff_code=work.principal.staff_id,
        recorded_at=work.now,
    )
    await repository.add(work.session, row)
    await step(work, draw, "enter_values", {})
    return draw


async def reveal_draw(work: Work, draw_id: UUID, reveal: Reveal, if_match: str | None) -> Draw:
    """Open the secret, take the public value that two persons entered alike, draw, and plan the inspections: once.

    Raises DrawNotFound, StaleVersion, DrawState, TooEarly, Invalid, ValuesMissing, SamePerson, ValuesDiffer.
    """
    draw, directory = await changeable(work, draw_id, if_match)
    declared(MACHINE, draw.state, "reveal", DrawState)
    public = _public(work, directory, reveal)
    parameters = json.loads(directory.parameters)
    first = await repository.newest_values(work.session, draw.id)
    if first is None:
        raise ValuesMissing
    policy.must_be_second(work.principal, first.recorded_by, first.staff_code)
    if rules.public_text(parameters["public_sources"], first.public_values) != public:
        raise ValuesDiffer
    secret = bytes.fromhex(await secret_of(work, draw.id))
    seed = rules.seed_of(secret, public, directory.directory_digest)
    objects = json.loads(directory.objects)
    directories = rules.directories_of(objects, json.loads(directory.inspectors))
    selected = rules.select(directories, parameters["ratios"], parameters["officers_per_object"], seed)
    result = [{"object": item.object_id, "stratum": item.stratum, "officers": list(item.officers)} for item in selected]
    row = DrawReveal(
        draw_id=draw.id,
        secret=secret.hex(),
        public_values=reveal.public_values,
        public_text=public,
        public_reference=reveal.public_reference,
        seed=seed.hex(),
        result=result,
        revealed_at=work.now,
        entered_by=first.recorded_by,
        recorded_by=work.principal.subject,
    )
    await repository.add(work.session, row)
    await step(work, draw, "reveal", {"drawn": len(result)})
    towns = {item["id"]: item["division_code"] for item in objects["objects"]}
    drawn = [
        inspections.Drawn(UUID(item.object_id), towns[item.object_id], item.stratum, tuple(map(UUID, item.officers))) for item in selected
    ]
    await inspections.open_from_draw(work, commission_of(draw), drawn)
    event = DrawPublished(
        object_kind=draw.object_kind,
        authority=draw.authority,
        drawn=len(result),
        directory_digest=directory.directory_digest,
        inspect_from=draw.inspect_from,
        inspect_to=draw.inspect_to,
    )
    await work.publish(event, draw.id, draw.division_code)
    return draw


async def close_draw(work: Work, draw_id: UUID, if_match: str | None) -> Draw:
    """Close a draw whose inspections are all over. Raises DrawNotFound, StaleVersion, DrawState."""
    draw, _ = await changeable(work, draw_id, if_match)
    declared(MACHINE, draw.state, "close", DrawState)
    if not await inspections.all_over(work, draw.id):
        refuse([policy.VISITS_LEFT], DrawState)
    await step(work, draw, "close", {})
    return draw


async def set_aside_draw(work: Work, draw_id: UUID, ground: SetAside, if_match: str | None) -> Draw:
    """Set an attempt aside before its reveal, on a written decision; it stays on record and is counted. After the reveal the result stands.

    Raises DrawNotFound, StaleVersion, DrawState.
    """
    draw, _ = await changeable(work, draw_id, if_match)
    if MACHINE.find(draw.state, "set_aside") is None:
        raise DrawState(
            "揭晓后不得作废,只能更换个别对象或人员", "after the reveal a draw stands: only single objects or officers are replaced"
        )
    draw.set_aside_reason, draw.set_aside_note, draw.set_aside_document = ground.reason, ground.note, ground.document_no
    await step(work, draw, "set_aside", {"reason": ground.reason, "document_no": ground.document_no}, reason=ground.note)
    return draw


async def secret_of(work: Work, draw_id: UUID) -> str:
    """The secret half of a committed draw's seed, hex: for the reveal, and for the proof of an attempt that was set aside."""
    _, commitments, _ = await repository.parts_of(work.session, [draw_id])
    return work.sealer.open(commitments[draw_id].secret_sealed, "draw_commitment", "secret", str(draw_id))


def pool_of(draw: Draw) -> str:
    """The pool of a draw: kind, authority and year."""
    return f"{draw.object_kind}/{draw.authority}/{draw.inspect_from.year}"


def commission_of(draw: Draw) -> inspections.Commission:
    """What all inspections of a draw share."""
    return inspections.Commission(draw.id, draw.object_kind, draw.authority, draw.inspect_from, draw.inspect_to)


def _public(work: Work, directory: DrawDirectory, entry: Reveal) -> str:
    """The public text of values that fit the sources named in advance. Raises TooEarly, Invalid."""
    if work.now < directory.public_values_known_at:
        raise TooEarly
    frozen = json.loads(directory.parameters)["public_sources"]
    try:
        public = rules.public_text(frozen, entry.public_values)
    except rules.BadPublicValue as error:
        raise invalid(
            "/public_values", f"public_{error}", "与事先确定的随机数来源不符", "not what the sources fixed in advance give"
        ) from error
    for place in sources.repeated(frozen, entry.public_values):
        raise invalid(f"/public_values/{place}", "public_repeated", "该来源的号码不会重复", "this source never gives a number twice")
    return public


def _named(work: Work, new: NewDraw) -> list[tuple[sources.Source, date]]:
    """The public sources that a plan names, with their coming days. Raises Invalid."""
    inspectors.check_competent(new.authority, new.object_kind, "/authority")
    if new.inspect_to < new.inspect_from:
        raise invalid("/inspect_to", "span", "结束日期早于开始日期", "ends before it begins")
    if (new.inspect_to - new.inspect_from).days > 366:
        raise invalid("/inspect_to", "too_long", "检查期间不超过一年", "the period is at most a year")
    named: list[tuple[sources.Source, date]] = []
    for place, wanted in enumerate(new.public_sources):
        source = sources.sources().get(wanted.source)
        if source is None:
            raise invalid(f"/public_sources/{place}/source", "source_unknown", "不在公开随机数来源表中", "not a source of the list")
        if not source.gives_on(wanted.day, work.house.works):
            raise invalid(f"/public_sources/{place}/day", "no_value_that_day", "该来源当日不开奖或不交易", "gives no value on that day")
        if sources.known_at([(source, wanted.day)], SHANGHAI) <= work.now:
            raise invalid(f"/public_sources/{place}/day", "date_past", "公开随机数须在将来产生", "the public value must lie in the future")
        if (source, wanted.day) in named:
            raise invalid(f"/public_sources/{place}", "twice", "同一来源同一日重复", "the same source and day stand twice")
        named.append((source, wanted.day))
    if local_day(sources.known_at(named, SHANGHAI)) > new.inspect_from:
        raise invalid("/public_sources", "after_inspections", "公开随机数应在检查开始前产生", "must exist before the inspections begin")
    if sources.outcomes_of(source for source, _ in named) < rules.LEAST_OUTCOMES:
        zh = f"公开随机数的可能取值不足 {rules.LEAST_OUTCOMES} 种,抽签可被操纵"
        en = f"fewer than {rules.LEAST_OUTCOMES} public values are possible: such a draw can be steered"
        raise invalid("/public_sources", "too_few_values", zh, en)
    return named


async def _check_repetition(work: Work, new: NewDraw) -> Draw | None:
    """The attempt that this one repeats. Raises DrawRepeated, DrawPending, Invalid."""
    if await repository.overlapping(work.session, new.object_kind, new.authority, new.inspect_from, new.inspect_to) is not None:
        raise DrawRepeated("同一对象、同一机关在此期间已有抽签", "a draw of this kind and authority stands for this period")
    other = await repository.undecided(work.session, new.object_kind, new.authority, new.inspect_from.year)
    if other is not None:
        zh, en = called([other.authority])
        zh = f"{zh}对同类对象的抽签尚未出结果,年度检查次数无法计算"
        raise DrawPending(zh, f"the draw of {en} over the same firms has no result yet, so the yearly cap cannot be counted")
    earlier = await repository.unrepeated(work.session, new.object_kind, new.authority)
    if (earlier.id if earlier else None) != new.redraw_of:
        zh, en = "上一次抽签已作废,须注明重抽的是哪一次", "the attempt that was set aside must be named in redraw_of"
        raise (
            DrawRepeated(zh, en)
            if earlier
            else invalid("/redraw_of", "not_set_aside", "没有可重抽的抽签", "names no draw that was set aside")
        )
    return earlier


async def changeable(work: Work, draw_id: UUID, if_match: str | None) -> tuple[Draw, DrawDirectory]:
    """The draw, locked, with its frozen documents. Raises DrawNotFound, Forbidden, StaleVersion."""
    draw = await repository.draw(work.session, draw_id, for_update=True)
    if draw is None:
        raise DrawNotFound
    if not work.scope.reaches(draw.division_code):
        raise Forbidden("抽签由县级统筹", "draws are planned for the whole county", [ROLE])
    check_version(if_match, draw.version)
    directories, _, _ = await repository.parts_of(work.session, [draw.id])
    return draw, directories[draw.id]


async def step(work: Work, draw: Draw, event: str, details: dict[str, Any], *, reason: str = "") -> None:
    """Take a declared step. Everybody who may see the draw reads its record, so the record holds nothing of the result. Raises DrawState."""
    target = declared(MACHINE, draw.state, event, DrawState).target
    own = {"draw_id": draw.id, "action": event, "state": target, "details": details, "recorded_by": work.principal.subject}
    told = {name: value for name, value in details.items() if name != "document_no"}
    await take(
        work, MACHINE, draw, event, DrawStep, noted=("draw", draw.id, "draw"), reason=reason, problem=DrawState, more=own, details=told
    )


def _first_step(work: Work, draw: Draw, details: dict[str, Any]) -> DrawStep:
    return DrawStep(
        draw_id=draw.id,
        action="plan",
        from_state=START,
        state=draw.state,
        happened_on=work.today,
        source=declared(MACHINE, START, "plan").source,
        details=details,
        recorded_by=work.principal.subject,
        recorded_at=work.now,
    )
