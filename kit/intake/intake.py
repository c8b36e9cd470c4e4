"""What a service declares about its workbooks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement

from kit.intake import store
from kit.intake.tables import IntakeTables
from kit.sheets import Kind, Limits, Place, Vocabulary, cell_message
from kit.sheets.headers import HeaderFinder
from kit.work import Work

Message = tuple[str, str]
"""What a code means: Chinese, English."""

FILE_LIMITS = Limits(file_bytes=64 * 2**20)

OUT_OF_SCOPE, DUPLICATE_CODE, DUPLICATE_ACROSS = "ROW_OUT_OF_SCOPE", "DUP_IN_FILE", "DUP_ACROSS_FILES"
OWN_MESSAGES: dict[str, Message] = {
    OUT_OF_SCOPE: ("此行不属于您的辖区,不予导入", "This row is outside your towns and is not taken over"),
    "FILE_LOST": ("原文件已不在,请重新上传", "The uploaded file is no longer kept; upload it again"),
    "READ_FAILED": (
        "读取未完成,未写入任何数据;请检查文件后重新上传",
        "The reading did not succeed and kept nothing; check the file and upload it again",
    ),
    "COMMIT_CHANGED": (
        "确认之后数据有变化,未写入任何数据;请核对新的数目后再次提交",
        "What the commit would write changed since it was confirmed, and nothing was written; check the counts and commit again",
    ),
    "COMMIT_FAILED": ("提交未完成,未写入任何数据,请重试", "The commit did not succeed and wrote nothing; try again"),
    "NEIGHBOUR_DOWN": ("相关服务暂不可用,请稍后重新上传", "A service that must be asked is down; upload the file again later"),
    DUPLICATE_ACROSS: ("另一份待提交的台账中已有此证件号码", "Another ledger that is not committed yet has the same number"),
}


async def no_catalogues(_: Work) -> dict[str, dict[str, list[str]]]:
    """No catalogue but the words' own."""
    return {}


Again = Callable[[], Awaitable[None]]


async def nothing_carried(_: Work, __: UUID) -> Again:
    """No other rows depend on these rows."""

    async def again() -> None:
        return

    return again


def nothing_concealed(_: Work) -> ColumnElement[bool] | None:
    """Every row is shown to everybody who may see the import."""
    return None


async def all_seen(_: Work, ids: Collection[UUID]) -> Collection[UUID]:
    """Objects that everybody who sees the import may know."""
    return ids


async def no_places(_: Work) -> tuple[Place, ...]:
    """Rows that name no place."""
    return ()


@dataclass(frozen=True)
class Intake:
    """One service's workbooks. `check` and `take_over` run in the caller's transaction, with the reach of who started the import (kit.intake.policy); `numbers`
    narrows a check to rows that just changed."""

    tables: IntakeTables
    words: Path
    prefix: str
    """Route path, `/<service>/v1/ledger-imports`."""
    roles: tuple[str, ...]
    everything: str
    """The role that sees every import of its divisions; the others see their own."""
    purpose: str
    """For which of `kit.work.PURPOSES` rows are read and written."""
    key_fields: tuple[str, ...]
    """Fields by which a row is known again, the first that a kind has; kept as a blind index."""
    key_purpose: str
    check: Callable[[Work, Any, Sequence[int] | None], Awaitable[None]]
    take_over: Callable[[Work, Any], Awaitable[dict[str, int]]]
    asks: frozenset[str] = frozenset()
    """Counts of `take_over` that a person must have seen and confirmed before they are written."""
    places: Callable[[Work], Awaitable[tuple[Place, ...]]] = no_places
    catalogues: Callable[[Work], Awaitable[dict[str, dict[str, list[str]]]]] = no_catalogues
    carry: Callable[[Work, UUID], Awaitable[Again]] = nothing_carried
    """Called before an import's rows go because its file is read again; what it returns is called when they are there again, in the same transaction."""
    concealed: Callable[[Work], ColumnElement[bool] | None] = nothing_concealed
    """Which rows of a committed import this caller is not shown, as a condition on the rows' table; None for none."""
    division_field: str = "town_code"
    masks: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Field → characters shown in front and behind; other personal fields are shown as they are in the owner's lists."""
    open_fields: frozenset[str] = frozenset()
    """Text fields in which a long number is nobody's: record and document numbers, company codes."""
    seen: Callable[[Work, Collection[UUID]], Awaitable[Collection[UUID]]] = all_seen
    """Which of these objects the caller may know by their ids."""
    messages: Mapping[str, Message] = field(default_factory=dict)
    holding: frozenset[str] = frozenset()
    """Own codes that require a check by a person."""

    @property
    def own_codes(self) -> list[str]:
        """Codes that checking sets, and sets anew."""
        return sorted({OUT_OF_SCOPE, DUPLICATE_ACROSS, *self.messages})

    @property
    def hold_codes(self) -> list[str]:
        """Every code that holds a row."""
        return sorted({OUT_OF_SCOPE, *self.holding, *_words(self.words).hold})

    @property
    def words_messages(self) -> Mapping[str, Message]:
        """What the trade's own codes mean."""
        return _words(self.words).messages

    @property
    def kinds(self) -> dict[str, Kind]:
        """The kinds of table by name."""
        return _words(self.words).kinds

    def renamed(self, record: dict[str, Any]) -> dict[str, Any]:
        """A row as it was kept, in the words of now."""
        return _words(self.words).renamed(record)

    async def vocabulary(self, work: Work, scope: Sequence[str], *, places: bool = True) -> Vocabulary:
        """The words with today's divisions (unless no place is asked for), catalogues and the headers that were taught for all of `scope`."""
        taught = await store.mappings(work.session, self.tables, scope)
        learned = {kind: {h: name for h, name in headers.items() if self.may_mean(kind, h, name)} for kind, headers in taught.items()}
        words = _words(self.words)
        return words.knowing(places=await self.places(work) if places else (), catalogues=await self.catalogues(work), learned=learned)

    def may_mean(self, kind: str, header: str, name: str) -> bool:
        """Whether a header may be taught as this field: one that is known stays what it is."""
        known = self.known_as(kind, header)
        return not known or name in known

    def known_as(self, kind: str, header: str) -> Collection[str]:
        """The fields as which a kind (or "*": every kind) knows a header by a sure word, without anything taught."""
        return _finder(self.words).known_as(kind, header)

    def message(self, code: str, args: dict[str, Any] | None) -> Message:
        """The message of a code, with its arguments."""
        own = {**OWN_MESSAGES, **self.messages}
        if code in own:
            zh, en = own[code]
            return (zh.format_map(args), en.format_map(args)) if args else (zh, en)
        return cell_message(code, args or {}, _words(self.words).messages)


@lru_cache(maxsize=8)
def _words(path: Path) -> Vocabulary:
    return Vocabulary.load(path)


@lru_cache(maxsize=8)
def _finder(path: Path) -> HeaderFinder:
    return HeaderFinder(_words(path))
