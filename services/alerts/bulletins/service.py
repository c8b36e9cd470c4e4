"""Use cases of bulletins: collect a draft from frozen counts, publish it for good, read it in the edition of its reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import rfc8785

from kit.call import NeighbourDown
from kit.doors import query
from kit.etags import check_version
from kit.lists import Asked, Found, find_rows
from kit.problems import Unavailable, invalid
from kit.roles import Role
from kit.steps.machine import START
from kit.steps.taking import declared, take
from kit.work import Work
from services.alerts.alerts import repository as alerts
from services.alerts.alerts.figures import sees_persons
from services.alerts.bulletins import editions, repository
from services.alerts.bulletins.computed import (
    SCHEMA_VERSION,
    Stored,
    bulletin_of,
    changes_between,
    county_past_of,
    items_behind,
    past_of,
    town_inputs,
)
from services.alerts.bulletins.disclosure import edition_for, with_own_lines
from services.alerts.bulletins.errors import AlreadyPublished, BulletinNotFound
from services.alerts.bulletins.figures import Audience, Bulletin, as_json, canonical
from services.alerts.bulletins.formulas import FORMULAS
from services.alerts.bulletins.periods import Period, Rhythm, last_closed_period, period_after, period_before, period_of
from services.alerts.bulletins.rules import BULLETIN, PrintedForm, rules_in_force
from services.alerts.bulletins.tables import BulletinChange, BulletinDraft, BulletinIssue, BulletinItems
from services.alerts.checkins.service import settings_of
from services.alerts.events import BulletinPublished

TREND = 5
"""Earlier bulletins in a row that the trend looks back on."""


async def collect(work: Work, rhythm: str, day: date | None, notes: list[str]) -> BulletinDraft:
    """Freeze the figures of a closed period as a draft; a draft that stands is collected again, a published one gets a new revision.

    Raises Invalid for a period that is not over or has no formula, Unavailable when a neighbour cannot be asked.
    """
    period = last_closed_period(work.now, Rhythm(rhythm)) if day is None else period_of(day, Rhythm(rhythm))
    if period.cut_off > work.now:
        raise invalid("/day", "period_open", "该期尚未结束", "this period is not over")
    draft = await repository.newest(work.session, rhythm, period.start)
    revision = 1 if draft is None else draft.revision + (draft.state == "published")
    inputs = await _inputs(work, period, revision, notes)
    whole = _checked(inputs)
    replaced = (await repository.issues_since(work.session, rhythm, period.start, period_after(period).start)).get(period.start)
    if replaced is not None:
        inputs["heading"]["changes"] = changes_between(await editions.stored_of(work, replaced), whole)
    if draft is None or draft.state == "published":
        draft = BulletinDraft(
            rhythm=rhythm,
            first_day=period.start,
            last_day=period.end,
            revision=revision,
            state=START,
            number=str(period.number),
            inputs=inputs,
            collected_at=work.now,
            collected_by=work.principal.subject,
            updated_at=work.now,
        )
    else:
        draft.inputs, draft.collected_at, draft.collected_by = inputs, work.now, work.principal.subject
    await _take(work, draft, "collect", {"period": period.label, "revision": revision})
    return draft


async def draft_closed_period(work: Work) -> BulletinDraft | None:
    """Draft the last closed half-month when nobody has: the periodic job. None when it stands already."""
    period = last_closed_period(work.now)
    if await repository.newest(work.session, period.rhythm.value, period.start) is not None:
        return None
    return await collect(work, period.rhythm.value, period.start, [])


async def _inputs(work: Work, period: Period, revision: int, notes: list[str]) -> dict[str, Any]:
    settings = settings_of(work)
    try:
        rules = rules_in_force(FORMULAS, period.start)
    except LookupError as error:
        raise invalid("/day", "no_formula", "该期没有有效的评分办法", "no formula was in force then") from error
    span = {"from": period.start.isoformat(), "to": period.end.isoformat()}
    registered = await _figures_of(work, "registry", {"as_of": period.end.isoformat(), **span})
    tested = await _figures_of(work, "testing", span)  # as known now: what a town corrected after a contest must count
    handled = await alerts.handling(work.session, period.opens_at, period.cut_off)
    behind = [
        await _ask(work, "registry", "/internal/figures/items", {"as_of": period.end.isoformat(), **span}),
        await _ask(work, "testing", "/internal/figures/items", span),
    ]
    reviewed = await alerts.handled_items(work.session, period.opens_at, period.cut_off)
    earlier = await _earlier(work, period)
    county_name = settings.county_name or str(registered.get("county", {}).get("name") or "全县")
    towns = [
        town_inputs(
            str(said.get("name") or code),
            code,
            said,
            tested["towns"].get(code, {}),
            handled.get(code, (0, 0)),
            past_of(earlier, code),
        )
        for code, said in sorted(registered["towns"].items())
    ]
    return {
        "schema_version": SCHEMA_VERSION,
        "items": items_behind(behind, reviewed),
        "rhythm": period.rhythm.value,
        "first_day": period.start.isoformat(),
        "rules": rules.version,
        "heading": {
            "office": settings.office or f"{county_name.removeprefix('全')}禁毒委员会办公室{'(演示)' if work.house.demo else ''}",
            "county_code": work.house.county.ljust(12, "0"),
            "county_name": county_name,
            "issued_on": work.today.isoformat(),
            "revision": revision,
            "notes": notes,
            "demo": work.house.demo,
            "county_past": county_past_of(earlier),
            "changes": [],
        },
        "towns": towns,
    }


async def _figures_of(work: Work, neighbour: str, span: dict[str, str]) -> dict[str, Any]:
    return await _ask(work, neighbour, "/internal/figures", span)


async def _ask(work: Work, neighbour: str, path: str, span: dict[str, str]) -> dict[str, Any]:
    door = work.house.neighbours[neighbour]
    try:
        return await door.get(path + query(**span), timeout=20)
    except NeighbourDown as error:
        raise Unavailable(headers={"Retry-After": "5"}) from error


async def _earlier(work: Work, period: Period) -> list[Stored]:
    """Published bulletins of the periods directly before, oldest first, up to the first gap: `twice running` means running."""
    periods = [period_before(period)]
    while len(periods) < TREND:
        periods.append(period_before(periods[-1]))
    issues = await repository.issues_since(work.session, period.rhythm.value, periods[-1].start, period.start)
    found: list[Stored] = []
    for before in periods:
        if before.start not in issues:
            break
        found.append(await editions.stored_of(work, issues[before.start]))
    return found[::-1]


def _checked(inputs: dict[str, Any]) -> Bulletin:
    try:
        return bulletin_of(inputs)
    except ValueError as error:
        raise invalid(
            "/notes", "unprintable", "内容含有不能印刷的字符或数据矛盾", "a text cannot be printed, or figures contradict"
        ) from error


async def amend(work: Work, bulletin_id: UUID, notes: list[str], if_match: str | None) -> BulletinDraft:
    """Change the notes of a draft. Raises BulletinNotFound, AlreadyPublished, Invalid, StaleVersion, VersionRequired."""
    draft = await _held_draft(work, bulletin_id, if_match)
    draft.inputs = {**draft.inputs, "heading": {**draft.inputs["heading"], "notes": notes}}
    _checked(draft.inputs)
    await _take(work, draft, "amend", {"revision": draft.revision})
    return draft


async def publish(work: Work, bulletin_id: UUID, if_match: str | None) -> BulletinDraft:
    """Publish a draft for good. Raises as `amend`; a text that cannot be printed is refused now rather than on paper."""
    draft = await _held_draft(work, bulletin_id, if_match)
    draft.inputs = {**draft.inputs, "heading": {**draft.inputs["heading"], "issued_on": work.today.isoformat()}}
    bulletin = _checked(draft.inputs)
    inputs = {name: value for name, value in draft.inputs.items() if name != "items"}
    issue = BulletinIssue(
        id=draft.id,
        rhythm=draft.rhythm,
        first_day=draft.first_day,
        revision=draft.revision,
        inputs=inputs,
        canonical=canonical(bulletin),
        digest=bulletin.digest,
        published_at=work.now,
        published_by=work.principal.subject,
    )
    work.session.add(issue)
    await work.session.flush()
    await editions.keep_editions(work, issue.id, bulletin)
    for code, cells in draft.inputs.get("items", {}).items():
        for indicator, ids in cells.items():
            done, left = [UUID(item) for item in ids["done"]], [UUID(item) for item in ids["open"]]
            work.session.add(BulletinItems(issue_id=issue.id, division_code=code, indicator=indicator, done=done, open=left))
    await _take(work, draft, "publish", {"revision": draft.revision})
    event = BulletinPublished(
        bulletin_id=draft.id,
        number=draft.number,
        revision=draft.revision,
        rhythm=draft.rhythm,
        first_day=draft.first_day,
        last_day=draft.last_day,
        digest=bulletin.digest,
    )
    await work.publish(event, draft.id, work.house.county)
    return draft


async def _take(work: Work, draft: BulletinDraft, event: str, details: dict[str, Any]) -> None:
    noted = ("bulletin", draft.id, "bulletin")
    await take(work, BULLETIN, draft, event, BulletinChange, noted=noted, problem=AlreadyPublished, details=details)


async def _held_draft(work: Work, bulletin_id: UUID, if_match: str | None) -> BulletinDraft:
    draft = await repository.bulletin(work.session, bulletin_id, for_update=True)
    if draft is None:
        raise BulletinNotFound
    declared(BULLETIN, draft.state, "amend", AlreadyPublished)
    check_version(if_match, draft.version)
    return draft


@dataclass(frozen=True, slots=True)
class Copy:
    """A bulletin in the edition of its reader: as data, with its digest."""

    draft: BulletinDraft
    audience: Audience
    body: Stored
    digest: str


async def read(work: Work, bulletin_id: UUID, audience: str | None) -> Copy:
    """A bulletin in the edition that the caller may hold, as it was published. Raises BulletinNotFound, EditionDamaged.

    The county office sees drafts and every count, and may ask for the wider edition; everybody else sees what is published, without small
    counts. A town sees its own line in full, because it must know why it is red.
    """
    draft, issue, edition = await _for_reader(work, bulletin_id, audience)
    if issue is None:
        copy = edition_for(bulletin_of(draft.inputs), edition)
        return Copy(draft, edition, as_json(copy), copy.digest)
    stored = await editions.edition_of(work, issue, edition)
    body = editions.read_canonical(stored.canonical)
    if edition is Audience.UNITS and not work.principal.has(Role.COUNTY_OFFICER) and sees_persons(work.principal):
        own = with_own_lines(body, await editions.stored_of(work, issue), work.scope.reaches)
        if own is not None:
            return Copy(draft, edition, own, editions.digest_of(rfc8785.dumps(own)))
    return Copy(draft, edition, body, stored.digest)


async def printed(work: Work, bulletin_id: UUID, audience: str | None, form: PrintedForm) -> tuple[BulletinDraft, bytes]:
    """The edition that the caller may hold as a file: the bytes that were published. Raises as `read`, and Invalid for a draft that cannot be printed."""
    draft, issue, edition = await _for_reader(work, bulletin_id, audience)
    if issue is None:
        return draft, (await editions.print_whole(edition_for(bulletin_of(draft.inputs), edition)))[form == "xlsx"]
    stored = await editions.edition_of(work, issue, edition)
    if form == "pdf":
        return draft, editions.checked(stored.pdf, stored.pdf_digest)
    return draft, editions.checked(stored.xlsx, stored.xlsx_digest)


async def items_of(work: Work, bulletin_id: UUID, division_code: str | None, indicator: str | None) -> Sequence[BulletinItems]:
    """The ids behind the cells of a published bulletin, of the caller's towns. Raises BulletinNotFound."""
    _, issue, _ = await _for_reader(work, bulletin_id, None)
    if issue is None:
        raise BulletinNotFound
    rows = await repository.items_of(work.session, issue.id, division_code, indicator)
    shown = [row for row in rows if work.scope.reaches(row.division_code)]
    await work.note("bulletin.items", "bulletin", issue.id, details={"cells": len(shown)})
    return shown


async def _for_reader(work: Work, bulletin_id: UUID, audience: str | None) -> tuple[BulletinDraft, BulletinIssue | None, Audience]:
    draft = await repository.bulletin(work.session, bulletin_id)
    is_office = work.principal.has(Role.COUNTY_OFFICER)
    if draft is None or (draft.state == "draft" and not is_office):
        raise BulletinNotFound
    issue = await repository.issue(work.session, bulletin_id) if draft.state == "published" else None
    return draft, issue, Audience(audience) if is_office and audience else Audience.COUNTY_OFFICE if is_office else Audience.UNITS


async def list_bulletins(work: Work, asked: Asked, rhythm: str | None, state: str | None) -> Found:
    """A page of bulletins; whoever is not the county office sees published ones. Raises BadCursor."""
    if not work.principal.has(Role.COUNTY_OFFICER):
        state = "published"
    return await find_rows(work, repository.BULLETINS, asked, repository.bulletins_of(rhythm, state), {"rhythm": rhythm, "state": state})
