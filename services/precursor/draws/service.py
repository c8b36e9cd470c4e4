"""Use cases of draws: plan, commit, reveal, close, set aside. Each attempt stays on record; nothing here can be taken back."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from kit.clock import local_day
from kit.db import new_id
from kit.etags import check_version
from kit.problems import Forbidden, invalid
from kit.work import Work
from services.precursor import lists
from services.precursor.draws import freezing, repository, rules
from services.precursor.draws.errors import (
    DrawNotFound,
    DrawPending,
    DrawRepeated,
    DrawState,
    NotEnoughInspectors,
    NothingToDraw,
    TooEarly,
    TooLate,
)
from services.precursor.draws.schemas import NewDraw, Reveal, SetAside
from services.precursor.draws.tables import Draw, DrawCommitment, DrawDirectory, DrawReveal, DrawStep
from services.precursor.events import DrawPublished
from services.precursor.inspections import opening
from services.precursor.inspectors import service as inspectors


async def list_draws(work: Work, kind: str | None, state: str | None, cursor: str | None, limit: int) -> tuple[Sequence[Draw], str | None]:
    """A page of draws, all attempts."""
    filters = {"kind": kind, "state": state}
    return await lists.page(
        work, filters, cursor, limit, lambda after, size: repository.page_of_draws(work.session, kind, state, after, size)
    )


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
    if not work.principal.covers(division):
        raise Forbidden("抽签由县级统筹", "draws are planned for the whole county")
    _check_plan(work, new)
    await repository.lock_series(work.session, new.object_kind)
    await _check_repetition(work, new)
    draw = Draw(
        id=new_id(),
        title=new.title,
        object_kind=new.object_kind,
        authority=new.authority,
        division_code=division,
        inspect_from=new.inspect_from,
        inspect_to=new.inspect_to,
        redraw_of=new.redraw_of,
        created_at=work.now,
        updated_at=work.now,
    )
    frozen = await freezing.freeze(work, draw.id, new)
    if not frozen.objects["objects"]:
        raise NothingToDraw
    try:
        rules.check_officers(rules.directories_of(frozen.objects, frozen.inspectors), new.officers_per_object)
    except rules.TooFewInspectors as error:
        names = {item["id"]: item["name"] for item in frozen.objects["objects"]}
        number, sample = len(error.objects), "、".join(names[object_id] for object_id in error.objects[:5])
        zh = f"{number} 家对象可派执法人员不足 {new.officers_per_object} 人: {sample}"
        raise NotEnoughInspectors(zh, f"{number} objects have fewer than {new.officers_per_object} eligible officers: {sample}") from error
    directory = freezing.directory_row(draw.id, new, frozen)
    digests = {
        "directory_digest": directory.directory_digest,
        "objects_digest": directory.objects_digest,
        "inspectors_digest": directory.inspectors_digest,
    }
    await repository.add(work.session, draw, directory, step(work, draw, "plan", digests))
    await work.note("draw.plan", "draw", draw.id, details=digests)
    return draw


async def commit_draw(work: Work, draw_id: UUID, if_match: str | None) -> Draw:
    """Promise the secret half of the seed while nobody can know the public half. Raises DrawNotFound, StaleVersion, DrawState, TooLate."""
    draw, directory = await changeable(work, draw_id, if_match)
    if work.now >= directory.public_values_known_at:
        raise TooLate
    secret = secrets.token_bytes(rules.SECRET_BYTES)
    commitment = rules.commitment_of(secret)
    _move(work, draw, "commit")
    row = DrawCommitment(
        draw_id=draw.id,
        commitment=commitment,
        secret_sealed=work.sealer.seal(secret.hex(), "draw_commitment", "secret", str(draw.id)),
        committed_at=work.now,
        recorded_by=work.principal.subject,
    )
    details = {"commitment": commitment, "directory_digest": directory.directory_digest}
    await repository.add(work.session, row, step(work, draw, "commit", details))
    await work.note("draw.commit", "draw", draw.id, details=details)
    return draw


async def reveal_draw(work: Work, draw_id: UUID, reveal: Reveal, if_match: str | None) -> Draw:
    """Open the secret, take the public value, draw, and plan the inspections: once. Raises DrawNotFound, StaleVersion, DrawState, TooEarly, Invalid."""
    draw, directory = await changeable(work, draw_id, if_match)
    _move(work, draw, "reveal")
    if work.now < directory.public_values_known_at:
        raise TooEarly
    parameters = json.loads(directory.parameters)
    try:
        public = rules.public_text(parameters["public_sources"], reveal.public_values)
    except rules.BadPublicValue as error:
        raise invalid(
            "/public_values", f"public_{error}", "与事先确定的随机数来源不符", "not what the sources fixed in advance give"
        ) from error
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
        recorded_by=work.principal.subject,
    )
    await repository.add(work.session, row, step(work, draw, "reveal", {"drawn": len(result)}))
    towns = {item["id"]: item["division_code"] for item in objects["objects"]}
    drawn = [opening.Drawn(UUID(item.object_id), towns[item.object_id], item.stratum, tuple(map(UUID, item.officers))) for item in selected]
    commission = opening.Commission(draw.id, draw.object_kind, draw.authority, draw.inspect_from, draw.inspect_to)
    await opening.open_from_draw(work, commission, drawn)
    event = DrawPublished(
        object_kind=draw.object_kind,
        authority=draw.authority,
        drawn=len(result),
        directory_digest=directory.directory_digest,
        inspect_from=draw.inspect_from,
        inspect_to=draw.inspect_to,
    )
    await work.publish(event, draw.id, draw.division_code)
    await work.note("draw.reveal", "draw", draw.id, details={"drawn": len(result), "directory_digest": directory.directory_digest})
    return draw


async def close_draw(work: Work, draw_id: UUID, if_match: str | None) -> Draw:
    """Close a draw whose inspections are all over. Raises DrawNotFound, StaleVersion, DrawState."""
    draw, _ = await changeable(work, draw_id, if_match)
    _move(work, draw, "close")
    if not await opening.all_over(work, draw.id):
        raise DrawState("尚有检查未完成", "some inspections are not over")
    await repository.add(work.session, step(work, draw, "close", {}))
    await work.note("draw.close", "draw", draw.id)
    return draw


async def set_aside_draw(work: Work, draw_id: UUID, ground: SetAside, if_match: str | None) -> Draw:
    """Give an attempt up; it stays on record with the ground. Raises DrawNotFound, StaleVersion, DrawState, Conflict when an inspection has begun."""
    draw, _ = await changeable(work, draw_id, if_match)
    _move(work, draw, "set_aside")
    draw.set_aside_reason, draw.set_aside_note = ground.reason, ground.note
    cancelled = await opening.cancel_of_draw(work, draw.id)
    await repository.add(work.session, step(work, draw, "set_aside", {"reason": ground.reason, "cancelled_inspections": cancelled}))
    await work.note("draw.set_aside", "draw", draw.id, details={"reason": ground.reason})
    return draw


async def secret_of(work: Work, draw_id: UUID) -> str:
    """The secret half of a committed draw's seed, hex: for the reveal, and for the proof of an attempt that was given up."""
    _, commitments, _ = await repository.parts_of(work.session, [draw_id])
    return work.sealer.open(commitments[draw_id].secret_sealed, "draw_commitment", "secret", str(draw_id))


def _check_plan(work: Work, new: NewDraw) -> None:
    inspectors.check_competent(new.authority, new.object_kind, "/authority")
    if new.inspect_to < new.inspect_from:
        raise invalid("/inspect_to", "span", "结束日期早于开始日期", "ends before it begins")
    if (new.inspect_to - new.inspect_from).days > 366:
        raise invalid("/inspect_to", "too_long", "检查期间不超过一年", "the period is at most a year")
    if new.public_values_known_at <= work.now:
        raise invalid("/public_values_known_at", "date_past", "公开随机数须在将来产生", "the public value must lie in the future")
    if local_day(new.public_values_known_at) > new.inspect_from:
        raise invalid(
            "/public_values_known_at", "after_inspections", "公开随机数应在检查开始前产生", "must exist before the inspections begin"
        )
    for position, source in enumerate(new.public_sources):
        if source.high <= source.low:
            raise invalid(f"/public_sources/{position}/high", "span", "上限应大于下限", "must be greater than low")
    if rules.outcomes_of(source.model_dump() for source in new.public_sources) < rules.LEAST_OUTCOMES:
        zh = f"公开随机数的可能取值不足 {rules.LEAST_OUTCOMES} 种,抽签可被操纵"
        en = f"fewer than {rules.LEAST_OUTCOMES} public values are possible: such a draw can be steered"
        raise invalid("/public_sources", "too_few_values", zh, en)


async def _check_repetition(work: Work, new: NewDraw) -> None:
    if await repository.overlapping(work.session, new.object_kind, new.authority, new.inspect_from, new.inspect_to) is not None:
        raise DrawRepeated("同一对象、同一机关在此期间已有抽签", "a draw of this kind and authority stands for this period")
    other = await repository.undecided(work.session, new.object_kind, new.authority, new.inspect_from.year)
    if other is not None:
        zh = f"{other.authority} 对同类对象的抽签尚未出结果,年度检查次数无法计算"
        raise DrawPending(zh, f"the draw of {other.authority} over the same firms has no result yet, so the yearly cap cannot be counted")
    earlier = await repository.unrepeated(work.session, new.object_kind, new.authority)
    if (earlier.id if earlier else None) != new.redraw_of:
        zh, en = "上一次抽签已作废,须在 redraw_of 注明", "the attempt that was set aside must be named in redraw_of"
        raise (
            DrawRepeated(zh, en)
            if earlier
            else invalid("/redraw_of", "not_set_aside", "没有可重抽的抽签", "names no draw that was set aside")
        )


async def changeable(work: Work, draw_id: UUID, if_match: str | None) -> tuple[Draw, DrawDirectory]:
    """The draw, locked, with its frozen documents. Raises DrawNotFound, Forbidden, StaleVersion."""
    draw = await repository.draw(work.session, draw_id, for_update=True)
    if draw is None:
        raise DrawNotFound
    if not work.principal.covers(draw.division_code):
        raise Forbidden("抽签由县级统筹", "draws are planned for the whole county")
    check_version(if_match, draw.version)
    directories, _, _ = await repository.parts_of(work.session, [draw.id])
    return draw, directories[draw.id]


def _move(work: Work, draw: Draw, action: str) -> None:
    following = rules.next_state(draw.state, action)
    if following is None:
        raise DrawState
    draw.state = following
    draw.version += 1
    draw.updated_at = work.now


def step(work: Work, draw: Draw, action: str, details: dict[str, Any]) -> DrawStep:
    """A line of the draw's record. Everybody who may know of the draw reads it, so nothing of the result stands in it."""
    return DrawStep(
        draw_id=draw.id, action=action, state=draw.state, details=details, recorded_by=work.principal.subject, recorded_at=work.now
    )
