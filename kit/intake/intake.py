"""What an owner of workbooks says about them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement

from kit.intake.tables import IntakeTables
from kit.sheets import Kind, Limits, Place, Vocabulary, cell_message
from kit.work import Work

Message = tuple[str, str]
"""What a code means: Chinese, English."""

FILE_LIMITS = Limits(file_bytes=64 * 2**20)

OUT_OF_SCOPE, DUPLICATE_CODE, DUPLICATE_ACROSS = "ROW_OUT_OF_SCOPE", "DUP_IN_FILE", "DUP_ACROSS_FILES"
OWN_MESSAGES: dict[str, Message] = {
    OUT_OF_SCOPE: ("此行不属于您的辖区,不予导入", "This row is outside your towns and is not taken over"),
    "FILE_LOST": ("原文件已不在,请重新上传", "The uploaded file is no longer kept; upload it again"),
    "COMMIT_FAILED": ("提交未完成,未写入任何数据,请重试", "The commit did not succeed and wrote nothing; try again"),
    "NEIGHBOUR_DOWN": ("相关服务暂不可用,请稍后重新上传", "A service that must be asked is down; upload the file again later"),
    DUPLICATE_ACROSS: ("另一份待提交的台账中已有此证件号码", "Another ledger that is not committed yet has the same number"),
}


async def no_catalogues(_: Work) -> dict[str, dict[str, list[str]]]:
    """No catalogue but the words' own."""
    return {}


Again = Callable[[], Awaitable[None]]


async def nothing_carried(_: Work, __: UUID) -> Again:
    """Rows that nothing hangs on."""

    async def again() -> None:
        return

    return again


def nothing_concealed(_: Work) -> ColumnElement[bool] | None:
    """Rows that stay for whoever sees the import."""
    return None


async def no_places(_: Work) -> tuple[Place, ...]:
    """Rows that name no place."""
    return ()


@dataclass(frozen=True)
class Intake:
    """One service's workbooks. `check` and `take_over` run in the caller's transaction; `numbers` narrows a check to rows that just changed."""

    tables: IntakeTables
    words: Path
    prefix: str
    """Route path, `/<service>/v1/ledger-imports`."""
    roles: tuple[str, ...]
    everything: str
    """The role that sees every import of the office; the others see their own."""
    key_fields: tuple[str, ...]
    """Fields by which a row is known again, the first that a kind has; kept as a blind index."""
    key_purpose: str
    check: Callable[[Work, Any, Sequence[int] | None], Awaitable[None]]
    take_over: Callable[[Work, Any], Awaitable[dict[str, int]]]
    places: Callable[[Work], Awaitable[tuple[Place, ...]]] = no_places
    catalogues: Callable[[Work], Awaitable[dict[str, dict[str, list[str]]]]] = no_catalogues
    carry: Callable[[Work, UUID], Awaitable[Again]] = nothing_carried
    """Called before an import's rows go because its file is read again; what it returns is called when they are there again, in the same transaction."""
    concealed: Callable[[Work], ColumnElement[bool] | None] = nothing_concealed
    """Which rows of a committed import this caller is not shown, as a condition on the rows' table; None for none."""
    division_field: str = "town_code"
    masks: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Field → characters shown in front and behind; other personal fields are shown as they are in the owner's lists."""
    messages: Mapping[str, Message] = field(default_factory=dict)
    holding: frozenset[str] = frozenset()
    """Own codes after which a person must look."""

    @property
    def own_codes(self) -> list[str]:
        """Codes that checking sets, and sets anew."""
        return sorted({OUT_OF_SCOPE, DUPLICATE_ACROSS, *self.messages})

    @property
    def hold_codes(self) -> list[str]:
        """Every code that holds a row."""
        return sorted({OUT_OF_SCOPE, *self.holding, *_words(self.words).hold})

    @property
    def kinds(self) -> dict[str, Kind]:
        """The kinds of table by name."""
        return _words(self.words).kinds

    async def vocabulary(self, work: Work, *, places: bool = True) -> Vocabulary:
        """The words with today's divisions (unless no place is asked for), catalogues and the headers that the office taught."""
        from kit.intake import store

        learned = await store.mappings(work.session, self.tables)
        words = _words(self.words)
        return words.knowing(places=await self.places(work) if places else (), catalogues=await self.catalogues(work), learned=learned)

    def message(self, code: str, args: dict[str, Any] | None) -> Message:
        """What a code says, with its arguments."""
        own = {**OWN_MESSAGES, **self.messages}
        if code in own:
            zh, en = own[code]
            return (zh.format_map(args), en.format_map(args)) if args else (zh, en)
        return cell_message(code, args or {}, _words(self.words).messages)


@lru_cache(maxsize=8)
def _words(path: Path) -> Vocabulary:
    return Vocabulary.load(path)
