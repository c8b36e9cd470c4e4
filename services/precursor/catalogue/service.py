"""Use cases of the catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from kit.problems import FieldError, TooLarge
from kit.strict_json import check_text
from kit.work import Work
from services.precursor.catalogue import repository
from services.precursor.catalogue.errors import CatalogueUnreadable
from services.precursor.catalogue.rules import read_catalogue
from services.precursor.catalogue.schemas import LoadAnswer
from services.precursor.catalogue.tables import CatalogueEntry

MAX_BYTES = 1_000_000


async def search_catalogue(work: Work, q: str | None, day: date | None, category: int | None) -> Sequence[CatalogueEntry]:
    """What is controlled on a day (today unless said), by Chinese name, English name, synonym or CAS number."""
    if q:
        check_text(q)
    return await repository.entries_on(work.session, day or work.today, q.strip() if q else None, category)


async def load_catalogue(work: Work, content: bytes) -> LoadAnswer:
    """Take a list over: all rows or none. A chemical is known by its Chinese name and first day; what the file omits stays as it is.

    Raises CatalogueUnreadable naming line and column, TooLarge.
    """
    if len(content) > MAX_BYTES:
        raise TooLarge(f"品种目录不超过 {MAX_BYTES} 字节", f"a catalogue has at most {MAX_BYTES} bytes")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CatalogueUnreadable(f"第 {error.start} 字节起不是 UTF-8", f"not UTF-8 from byte {error.start}") from error
    check_text(text)
    rows, faults = read_catalogue(text)
    if faults:
        found = [FieldError(f"/{fault.line}/{fault.column}", "cell", fault.message_zh, fault.message_en) for fault in faults[:50]]
        raise CatalogueUnreadable(errors=found)
    known = {(entry.name_zh, entry.valid_from): entry for entry in await repository.every_entry(work.session)}
    added, changed = [], 0
    for row in rows:
        values: dict[str, Any] = dict(row)
        entry = known.get((values["name_zh"], values["valid_from"]))
        if entry is None:
            added.append(CatalogueEntry(**values, loaded_at=work.now))
            continue
        different = repository.changed_fields(entry, values)
        for name in different:
            setattr(entry, name, values[name])
        if different:
            entry.loaded_at = work.now
            changed += 1
    work.session.add_all(added)
    await work.session.flush()
    pending = sum(bool(row["pending_verification"]) for row in rows)
    counts = {"rows": len(rows), "added": len(added), "changed": changed}
    await work.note("catalogue.load", "catalogue", details=counts)
    return LoadAnswer(**counts, unchanged=len(rows) - len(added) - changed, pending_verification=pending)
