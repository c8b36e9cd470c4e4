"""What a partner receives: the list of an agreement, its changes since a cursor, and the proof of each page (API.md 3).

The list is compared with what was sent before, under a lock on the agreement's row, in the transaction of the pull. So a change is seen
whenever its own transaction commits, however late, and a measure that ended by date alone is a tombstone in the next pull even when no job
ran. Positions are handed out under that lock, so a reader by position loses nothing and needs no snapshot horizon: one long transaction
elsewhere in the database cannot delay a tombstone. The feed is compacted: a reader gets the latest line of each person after its cursor. An
old cursor can therefore not bring back somebody who has left.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, insert

from kit import nameplate
from kit.clock import day_start, shown
from kit.lists.cursors import BadCursor, Cursors
from kit.problems import Gone
from kit.work import Work
from services.registry.comanagement import policy, repository
from services.registry.comanagement.errors import NotInForce
from services.registry.comanagement.pages import Page, canonical, close_page, digest_of
from services.registry.comanagement.rules import holds_on, removed_at
from services.registry.comanagement.tables import Agreement, ComanagementChange, SharedEntry
from services.registry.people.rules import ENDS_SUPERVISION

NOTHING = b""


@dataclass(frozen=True, slots=True)
class LineContent:
    """The present content of a person's line."""

    payload: bytes
    fingerprint: bytes
    reason: str | None
    """None while the person is on the list."""


async def snapshot(work: Work, agreement_id: UUID) -> Page:
    """The whole list at one cursor. Raises AgreementNotFound, NotInForce."""
    agreement = await _locked(work, agreement_id)
    policy.may_pull(work.principal, work.purpose)
    if not holds_on(agreement.state, agreement.valid_from, agreement.valid_to, work.today):
        raise NotInForce
    await tell_changes(work, agreement)
    found = sorted(
        (entry for entry in (await repository.entries(work.session, agreement.id)).values() if entry.present),
        key=lambda entry: entry.position,
    )
    lines = [_line(work, entry, "added") for entry in found]
    page = await _closed(work, agreement, lines, after=None, position=agreement.position, previous=None)
    await _note(work, "comanagement.snapshot", agreement, page, 0, agreement.position)
    return page


async def changes(work: Work, agreement_id: UUID, after: str | None, size: int) -> Page:
    """The next page of changes after a cursor (from the beginning without one). Raises AgreementNotFound, BadCursor, Gone.

    An agreement that ended still answers: with the tombstones that oblige the partner to delete.
    """
    agreement = await _locked(work, agreement_id)
    policy.may_pull(work.principal, work.purpose)
    position, previous = await read_cursor(work, agreement, after)
    await tell_changes(work, agreement)
    found = await repository.entries_after(work.session, agreement.id, position, size)
    lines = [_line(work, entry, _change(entry, position)) for entry in found]
    reached = found[-1].position if len(found) == size else agreement.position
    page = await _closed(work, agreement, lines, after=after, position=reached, previous=previous)
    await _note(work, "comanagement.changes", agreement, page, position, reached)
    return page


async def read_cursor(work: Work, agreement: Agreement, cursor: str | None) -> tuple[int, str | None]:
    """Position and digest of the page behind a cursor. Cursors belong to the agreement, so that a partner's new key reads on.

    Raises BadCursor for what was never a cursor of this agreement, Gone for one of another epoch or beyond what was told: the database was put back
    meanwhile, and the same positions may be given again to other changes.
    """
    read = Cursors(work.sealer).read(cursor, str(agreement.id), {}, 2, 3)
    if read is None:
        return 0, None
    epoch, position, digest = read if len(read) == 3 else (nameplate.FIRST, *read)
    if not position.isdigit():
        raise BadCursor
    if epoch != await nameplate.epoch(work.session, work.house.schema) or int(position) > agreement.position:
        raise Gone
    return int(position), digest


async def tell_changes(work: Work, agreement: Agreement) -> int:
    """Compare the list with what was sent and write the differences; their number. The caller holds the agreement's row."""
    known = await repository.entries(work.session, agreement.id)
    rows = await repository.shared_list(work.session, agreement.id, work.today)
    told: list[dict[str, Any]] = []
    for row in rows:
        now, entry = _wanted(work, agreement, row, work.today), known.get(row["ref"])
        present = entry is not None and entry.present
        if not present and now.reason is not None:
            continue  # not on the partner's list, so there is nothing to remove
        if entry is not None and present and now.reason is None and bytes(entry.fingerprint) == now.fingerprint:
            continue
        agreement.position += 1
        change = "removed" if now.reason else "changed" if present else "added"
        ref: UUID = row["ref"]
        if entry is None:
            entry = SharedEntry(
                ref=ref, agreement_id=agreement.id, position=0, added_position=0, version=0, present=False, fingerprint=NOTHING, at=work.now
            )
            work.session.add(entry)
        entry.position = agreement.position
        entry.added_position = agreement.position if change == "added" else entry.added_position
        entry.version += 1
        happened = work.now if now.reason is None else removed_at(_causes(agreement, row, work.today), entry.at, work.now)
        entry.present, entry.reason, entry.fingerprint, entry.at = now.reason is None, now.reason, now.fingerprint, happened
        entry.payload_sealed = work.sealer.seal(now.payload.decode(), "shared_entry", "payload", str(ref)) if now.reason is None else None
        told.append(
            {
                "agreement_id": agreement.id,
                "position": entry.position,
                "ref": ref,
                "change": change,
                "version": entry.version,
                "reason": now.reason,
                "fingerprint": now.fingerprint,
                "at": happened,
            }
        )
    await work.session.flush()
    if told:
        await work.session.execute(insert(ComanagementChange), told)
    return len(told)


def _wanted(work: Work, agreement: Agreement, row: RowMapping, today: date) -> LineContent:
    if row["left_on"] is not None and row["left_on"] <= today:
        return LineContent(NOTHING, NOTHING, row["left_reason"] or "returned")
    if row["status"] == "erroneous":
        return LineContent(NOTHING, NOTHING, "erased")
    if not row["shared"] or not holds_on(agreement.state, agreement.valid_from, agreement.valid_to, today):
        return LineContent(NOTHING, NOTHING, "ended")
    values: dict[str, Any] = {}
    for field in sorted(agreement.fields):
        if field == "id_number":
            values[field] = work.sealer.open(row["id_number_sealed"], "person", "id_number", str(row["person_id"]))
        elif field == "lead_side":
            values[field] = agreement.lead_side
        else:
            value = row[field]
            values[field] = value.isoformat() if isinstance(value, date) else value
    payload = canonical(values)
    return LineContent(payload, work.sealer.index("shared_entry", payload.decode()), None)


def _causes(agreement: Agreement, row: RowMapping, today: date) -> list[datetime]:
    """When each cause that removes the person from the list took effect: the first moment of its day, or of its recording when it was
    recorded later.
    """
    found: list[datetime] = []

    def since(day: date | None, learnt: datetime | None = None) -> None:
        if day is not None and day <= today:
            found.append(max(day_start(day), learnt or day_start(day)))

    since(row["left_on"], row["left_at"])
    since(agreement.valid_to)
    if agreement.state == "ended":
        since(agreement.ended_on, agreement.updated_at)
    if row["status"] in ENDS_SUPERVISION:
        since(row["status_since"], row["standing_at"])
    if row["measure_kind"] is None:
        by_law = row["last_end_reason"] in (None, "term_end")  # the term was over on its day, whenever a job wrote it down (law 7)
        since(row["last_term_end"] if by_law else row["last_ended_on"], None if by_law else row["last_recorded_at"])
    return found


def _change(entry: SharedEntry, position: int) -> str:
    if not entry.present:
        return "removed"
    return "added" if entry.added_position > position else "changed"


def _line(work: Work, entry: SharedEntry, change: str) -> bytes:
    line: dict[str, Any] = {"change": change, "person": str(entry.ref), "version": entry.version, "at": shown(entry.at)}
    if change == "removed":
        line["reason"] = entry.reason
    else:
        assert entry.payload_sealed is not None
        line["fields"] = json.loads(work.sealer.open(entry.payload_sealed, "shared_entry", "payload", str(entry.ref)))
    return canonical(line)


async def _closed(work: Work, agreement: Agreement, lines: list[bytes], *, after: str | None, position: int, previous: str | None) -> Page:
    epoch = await nameplate.epoch(work.session, work.house.schema)
    following = Cursors(work.sealer).make([epoch, str(position), digest_of(lines)], str(agreement.id), {})
    return close_page(work.house.signing_key, agreement.id, lines, after=after, following=following, previous=previous)


async def _locked(work: Work, agreement_id: UUID) -> Agreement:
    seen = policy.may_see(work.principal, await repository.agreement(work.session, agreement_id), work.house.county)
    found = await repository.agreement(work.session, seen.id, for_update=True)
    assert found is not None
    return found


async def _note(work: Work, action: str, agreement: Agreement, page: Page, start: int, end: int) -> None:
    details = {"after": start, "to": end, "count": page.closing["count"], "digest": page.closing["digest"]}
    await work.note(action, "agreement", agreement.id, details=details)
