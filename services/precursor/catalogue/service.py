"""Use cases of the catalogue: what is controlled on a day, what a word stands for, and how the list changes (PCR art. 2: the State Council adjusts it)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from kit.citations import cite
from kit.codes import load_codes
from kit.jobs import defer
from kit.problems import FieldError, TooLarge, invalid
from kit.strict_json import check_text
from kit.work import Work
from services.precursor.catalogue import repository
from services.precursor.catalogue.errors import CatalogueUnreadable, EntryNotFound, ListUnchanged
from services.precursor.catalogue.rules import changes, organs
from services.precursor.catalogue.rules.file import ambiguous, read_catalogue
from services.precursor.catalogue.rules.names import Names, in_force
from services.precursor.catalogue.schemas import ChangeAnswer, Competence, EntryAnswer, ListChange, LoadAnswer, NameAnswer, NameQuery
from services.precursor.catalogue.tables import CatalogueEntry
from services.precursor.events import CatalogueChanged

MAX_BYTES = 1_000_000
IN_EFFECT_JOB = "catalogue_in_effect"
"""The job that brings the register of firms to the list of today."""

_AUTHORITIES = load_codes(Path(__file__).parents[1])["authority"]
"""What people call authorities, as at /meta/v1/codes."""


def called(organs: Iterable[str]) -> tuple[str, str]:
    """Authorities as a message names them, in Chinese and English."""
    labels = [_AUTHORITIES[organ] for organ in organs]
    return "、".join(zh for zh, _ in labels), ", ".join(en for _, en in labels)


async def names_on(work: Work, day: date) -> Names:
    """The names of the catalogue on a day."""
    return Names(await repository.every_entry_read(work.session), day)


def answer(entry: Any) -> EntryAnswer:
    """An entry with the organs that are competent for it."""
    acts = {act: organs.organ_of(entry, act) for act in Competence.model_fields}
    values = {name: getattr(entry, name) for name in EntryAnswer.model_fields if name != "competent"}
    return EntryAnswer.model_validate({**values, "competent": acts})


async def search_catalogue(work: Work, q: str | None, day: date | None, category: int | None) -> list[EntryAnswer]:
    """What is controlled on a day (today unless said), by Chinese name, English name, synonym or CAS number, or as a salt or preparation of it."""
    if q:
        check_text(q)
    on, text = day or work.today, q.strip() if q else None
    found = list(await repository.entries_on(work.session, on, text, category))
    if text and not found and (meant := (await names_on(work, on)).resolve(text)) is not None:
        found = [entry for entry in meant.entries if category in (None, entry.category)]
    return [answer(entry) for entry in found]


async def find_names(work: Work, query: NameQuery) -> list[NameAnswer]:
    """Find the entries that each word names on a day. An unclear word is not guessed: it gets no entries, but suggestions."""
    names = await names_on(work, query.on or work.today)
    answers: list[NameAnswer] = []
    for word in query.names:
        check_text(word)
        meant = names.resolve(word)
        answers.append(
            NameAnswer(
                name=word,
                entries=[answer(entry) for entry in meant.entries] if meant else [],
                found=meant.found if meant else None,
                delisted=names.was_listed(word),
                suggestions=[] if meant else [answer(entry) for entry in names.suggestions(word)],
            )
        )
    shown = (entry.id for one in answers for entry in (*one.entries, *one.suggestions))
    await work.note("catalogue.find_names", "catalogue_entry", *dict.fromkeys(shown))
    return answers


async def known_changes(work: Work, since: date | None) -> list[ChangeAnswer]:
    """Every change of the list from a day on, oldest first."""
    entries = await repository.every_entry_read(work.session)
    by_key = {(entry.name_zh, entry.valid_from): entry for entry in entries}
    found = changes.changes_in(entries)
    return [
        ChangeAnswer(
            entry_id=by_key[change.name_zh, change.entry_from].id,
            name_zh=change.name_zh,
            change=change.change,
            from_day=change.from_day,
            category_before=change.before,  # pyright: ignore[reportArgumentType] - 1, 2 or 3, as the table's CHECK says
            category_after=change.after,  # pyright: ignore[reportArgumentType]
            legal_basis=cite(by_key[change.name_zh, change.entry_from].legal_basis),
        )
        for change in found
        if since is None or change.from_day >= since
    ]


async def load_catalogue(work: Work, content: bytes) -> LoadAnswer:
    """Take a list over: all rows or none. A chemical is known by its Chinese name and first day; what the file omits stays as it is.

    A newer entry of a chemical ends the older one on its first day. What changes in the list is published, and the firms follow it from that day on.
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
    stored = list(await repository.every_entry(work.session))
    before = changes.spans_of(stored)
    known = {(entry.name_zh, entry.valid_from): entry for entry in stored}
    added, changed = [], 0
    for row in rows:
        values: dict[str, Any] = dict(row)
        entry = known.get((values["name_zh"], values["valid_from"]))
        if entry is None:
            added.append(CatalogueEntry(**values, loaded_at=work.now))
            continue
        different = repository.changed_fields(entry, values)
        if entry.valid_to is not None and values["valid_to"] is None:  # an old list must not reopen an entry that a newer list ended
            different = [name for name in different if name != "valid_to"]
        for name in different:
            setattr(entry, name, values[name])
        if different:
            entry.loaded_at = work.now
            changed += 1
    ended = changes.end_older([*stored, *added])
    _check_whole([*stored, *added])
    work.session.add_all(added)
    await work.session.flush()
    pending = sum(bool(row["pending_verification"]) for row in rows)
    counts = {"rows": len(rows), "added": len(added), "changed": changed}
    await work.note("catalogue.load", "catalogue", details=counts)
    if before:  # the first list is not a change: no firm was evaluated by an earlier list
        await _publish_changes(work, before, [*stored, *added])
    return LoadAnswer(**counts, unchanged=len(rows) - len(added) - changed, ended=ended, pending_verification=pending)


async def change_list(work: Work, entry_id: UUID, change: ListChange) -> EntryAnswer:
    """Reclassify or delist a chemical from a day on; everything before that day stays unchanged.

    Raises EntryNotFound, ListUnchanged, Invalid.
    """
    stored = list(await repository.every_entry(work.session))
    named = next((entry for entry in stored if entry.id == entry_id), None)
    if named is None:
        raise EntryNotFound
    if (change.category is not None or change.subtype is not None) and change.change == "delisted":
        raise invalid("/category", "with_reclassified", "仅调整分类时填写", "goes with reclassified only")
    if change.change == "reclassified" and change.category is None:
        raise invalid("/category", "missing", "调整分类须写明新类别", "a reclassification names the new class")
    current = next((entry for entry in stored if entry.name_zh == named.name_zh and in_force(entry, change.from_day)), None)
    if current is None or change.from_day <= current.valid_from:
        raise ListUnchanged
    before = changes.spans_of(stored)
    after: list[CatalogueEntry] = stored
    answered = current
    if change.change == "reclassified":
        subtype = current.subtype if change.subtype is None else change.subtype
        if (change.category, subtype) == (current.category, current.subtype):
            raise ListUnchanged
        values = {name: getattr(current, name) for name in CatalogueEntry.model_fields if name not in ("id", "loaded_at")}
        new = {"category": change.category, "subtype": subtype, "valid_from": change.from_day, "legal_basis": change.legal_basis}
        controlled = {
            "salts_controlled": change.category in (1, 2),
            **changes.NO_TEXT,
        }  # PCR annex note 2; the texts named the old class's organs
        answered = CatalogueEntry(**{**values, **new, **controlled}, loaded_at=work.now)
        after = [*stored, answered]
        work.session.add(answered)
    current.valid_to, current.loaded_at = change.from_day, work.now
    if change.change == "delisted":
        current.note = f"{current.note} {change.legal_basis}".strip()
    await work.session.flush()
    await work.note(
        "catalogue.change", "catalogue", answered.id, details={"change": change.change, "from_day": change.from_day.isoformat()}
    )
    await _publish_changes(work, before, after)
    return answer(answered)


def _check_whole(entries: Sequence[CatalogueEntry]) -> None:
    """Old and new rows together still give each word one meaning on each day. Raises CatalogueUnreadable."""
    shared = ambiguous({"name_zh": e.name_zh, "synonyms": e.synonyms, "valid_from": e.valid_from, "valid_to": e.valid_to} for e in entries)
    if shared:
        raise CatalogueUnreadable(
            errors=[
                FieldError("/1/synonyms", "cell", f"与已有目录合并后同一名称指向两个品种: {word}", f"with the stored list: {word}")
                for word in shared[:50]
            ]
        )


async def _publish_changes(work: Work, before: changes.Spans, entries: Sequence[CatalogueEntry]) -> None:
    """Publish the differences of the list and have the firms evaluated: at once for a day that has begun, by the daily job for a future day."""
    by_key = {(entry.name_zh, entry.valid_from): entry for entry in entries}
    different = changes.differences(before, changes.spans_of(entries))
    for change in different:
        event = CatalogueChanged(change=change.change, from_day=change.from_day, category_before=change.before, category_after=change.after)
        await work.publish(event, by_key[change.name_zh, change.entry_from].id, work.house.county)
    if different:
        await defer(work.session, IN_EFFECT_JOB)
