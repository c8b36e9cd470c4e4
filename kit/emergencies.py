"""Break-glass: a record beyond the own reach, opened for one caller and one person for an hour, with a sentence, and reviewed by somebody else.

`Purpose: emergency; reason="…"` on a read of one person opens it (`Work.note` asks for it, so that no read in an emergency goes without). It stands in a row of
its own from that moment on, where the auditor finds it; after an hour the next read opens the next one. Whoever has one that nobody reviewed in three working
days opens no further one. The sentence is sealed: people write names into it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from sqlalchemy import insert, select, update

from kit.clock import WorkingDay, local_day
from kit.db import new_id
from kit.problems import Conflict, Forbidden, NotFound
from kit.schemas import Answer, Message, ShortText

if TYPE_CHECKING:
    from kit.work import Work

LIFE = timedelta(minutes=60)
"""How long a record stays open (SECURITY T2). DEFAULT."""
REVIEW_DAYS = 3
"""Working days within which somebody else reviews it (SECURITY T2). DEFAULT."""
State = Literal["unreviewed", "reviewed"]
Verdict = Literal["justified", "unjustified"]


class EmergencyUnreviewed(Forbidden):
    """The caller has an emergency that nobody reviewed in time: no further one until that is done."""

    slug = "emergency-unreviewed"
    title_zh = "此前的紧急查看尚未复核,不能再次使用"
    title_en = "An earlier emergency was not reviewed in time; no further one until it is"


class EmergencyOfOne(Forbidden):
    """An emergency opens the record of one person, never a list."""

    slug = "emergency-of-one"
    title_zh = "紧急查看只能针对一个人的记录"
    title_en = "An emergency opens the record of one person"


class EmergencyNotFound(NotFound):
    """No such emergency."""

    slug = "emergency-not-found"
    title_zh = "没有这次紧急查看"
    title_en = "No such emergency"


class OwnEmergency(Forbidden):
    """Somebody else reviews it."""

    slug = "own-emergency"
    title_zh = "不能复核自己的紧急查看"
    title_en = "Nobody reviews an emergency of their own"


class EmergencyReviewed(Conflict):
    """It was reviewed before."""

    slug = "emergency-reviewed"
    title_zh = "该次紧急查看已复核"
    title_en = "This emergency was reviewed"


class EmergencyAnswer(Answer):
    """A record that was opened in an emergency. `person` stands for one person in every row of this service and leads to nobody."""

    id: UUID
    reader: str
    person: UUID
    sentence: str
    opened_at: datetime
    until: datetime
    review_due: date
    reviewed_by: str | None
    reviewed_at: datetime | None
    verdict: Verdict | None
    remark: str | None


class Review(Message):
    """What a second person found."""

    verdict: Verdict
    remark: ShortText


def is_sentence(text: str) -> bool:
    """Whether a text can be judged by somebody who was not there: six Han characters, five of them different, or two different words of twelve letters."""
    han = [sign for sign in text if "CJK" in unicodedata.name(sign, "")]
    words = {word.casefold() for word in text.split() if len(set(word.casefold())) > 1}
    letters = [sign.casefold() for sign in text if sign.isalpha()]
    return (len(han) >= 6 and len(set(han)) >= 5) or (len(words) >= 2 and len(letters) >= 12 and len(set(letters)) >= 5)


def review_due(opened: date, works: WorkingDay) -> date:
    """The last day on which an emergency may be reviewed: the third working day after it."""
    day, left = opened, REVIEW_DAYS
    while left:
        day += timedelta(days=1)
        left -= works(day)
    return day


async def open_for(work: Work, person_id: UUID) -> None:
    """The caller's running emergency for this person, or a new one. Raises EmergencyUnreviewed."""
    table, reader = work.house.schema.emergencies, work.principal.subject
    mine = select(table.c.id).where(table.c.reader == reader)
    if (await work.session.execute(mine.where(table.c.person_id == person_id, table.c.until > work.now).limit(1))).first() is not None:
        return
    waiting = select(table.c.opened_at).where(table.c.reader == reader, table.c.reviewed_at.is_(None)).order_by(table.c.opened_at)
    oldest = (await work.session.execute(waiting.limit(1))).scalar_one_or_none()
    if oldest is not None and review_due(local_day(oldest), work.house.works) < work.today:
        raise EmergencyUnreviewed
    emergency_id = new_id()
    values = {
        "id": emergency_id,
        "reader": reader,
        "staff": work.principal.staff_id,
        "person_id": person_id,
        "sentence": work.sealer.seal(work.reason, "emergency", "sentence", str(emergency_id)),
        "opened_at": work.now,
        "until": work.now + LIFE,
        "request_id": work.request_id,
    }
    await work.session.execute(insert(table).values(values))


async def review(work: Work, emergency_id: UUID, found: Review) -> Mapping[str, Any]:
    """What a second person found. Raises EmergencyNotFound, OwnEmergency, EmergencyReviewed."""
    table = work.house.schema.emergencies
    row = (await work.session.execute(select(table).where(table.c.id == emergency_id).with_for_update())).mappings().first()
    if row is None:
        raise EmergencyNotFound
    same_staff = row["staff"] is not None and row["staff"] == work.principal.staff_id
    if row["reader"] == work.principal.subject or same_staff:
        raise OwnEmergency
    if row["reviewed_at"] is not None:
        raise EmergencyReviewed
    values = {
        "reviewed_by": work.principal.subject,
        "reviewed_at": work.now,
        "verdict": found.verdict,
        "remark": work.sealer.seal(found.remark, "emergency", "remark", str(emergency_id)),
    }
    await work.session.execute(update(table).where(table.c.id == emergency_id).values(values))
    await work.note("emergency.review", "emergency", emergency_id, details={"verdict": found.verdict})
    return {**row, **values}
