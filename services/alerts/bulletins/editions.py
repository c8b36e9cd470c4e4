"""Editions as they were published: made once, stored with their digests, and served from there for ever."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from kit.problems import invalid
from kit.work import Work
from services.alerts.bulletins import repository
from services.alerts.bulletins.computed import Stored, bulletin_of
from services.alerts.bulletins.disclosure import edition_for
from services.alerts.bulletins.errors import EditionDamaged
from services.alerts.bulletins.figures import Audience, Bulletin, canonical
from services.alerts.bulletins.render.pdf import UnprintableText, render_pdf
from services.alerts.bulletins.render.xlsx import render_xlsx
from services.alerts.bulletins.tables import BulletinEdition, BulletinIssue


def digest_of(content: bytes) -> str:
    """`sha256:` and 64 hex digits."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def _printed(bulletin: Bulletin) -> tuple[bytes, bytes]:
    return render_pdf(bulletin), render_xlsx(bulletin)


async def print_whole(bulletin: Bulletin) -> tuple[bytes, bytes]:
    """PDF and workbook. Raises Invalid for a text that cannot be printed."""
    try:
        return await asyncio.to_thread(_printed, bulletin)
    except UnprintableText as error:
        raise invalid("/notes", "unprintable", f"字库中没有“{error.args[0]}”", f"the fonts lack {error.args[0]!r}") from error


async def keep_editions(work: Work, issue_id: UUID, whole: Bulletin) -> None:
    """Make and store every edition of a bulletin. Raises Invalid for a text that cannot be printed."""
    for audience in Audience:
        edition = edition_for(whole, audience)
        body = canonical(edition)
        pdf, xlsx = await print_whole(edition)
        values = {
            "issue_id": issue_id,
            "audience": audience.value,
            "canonical": body,
            "digest": digest_of(body),
            "pdf": pdf,
            "pdf_digest": digest_of(pdf),
            "xlsx": xlsx,
            "xlsx_digest": digest_of(xlsx),
            "made_at": work.now,
        }
        await repository.keep_edition(work.session, values)


async def edition_of(work: Work, issue: BulletinIssue, audience: Audience) -> BulletinEdition:
    """The stored edition. One of the first release, which stored none, is made now and must equal what was stored of it. Raises EditionDamaged."""
    found = await repository.edition(work.session, issue.id, audience.value)
    if found is None:
        whole = bulletin_of(issue.inputs)
        if canonical(whole) != bytes(issue.canonical) or digest_of(bytes(issue.canonical)) != issue.digest:
            raise EditionDamaged
        await keep_editions(work, issue.id, whole)
        found = await repository.edition(work.session, issue.id, audience.value)
    assert found is not None
    if digest_of(found.canonical) != found.digest or (audience is Audience.COUNTY_OFFICE and found.digest != issue.digest):
        raise EditionDamaged
    return found


async def stored_of(work: Work, issue: BulletinIssue) -> Stored:
    """The office's edition as data."""
    return read_canonical((await edition_of(work, issue, Audience.COUNTY_OFFICE)).canonical)


def read_canonical(body: bytes) -> Mapping[str, Any]:
    """An edition as data again."""
    found = json.loads(body)
    assert isinstance(found, dict)
    return found


def checked(content: bytes, digest: str) -> bytes:
    """A file as it was published. Raises EditionDamaged when it is not."""
    if digest_of(content) != digest:
        raise EditionDamaged
    return content
