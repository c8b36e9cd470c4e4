"""Problems of imports.

Problem
├── ImportNotFound 404       also for an import of somebody else's: a ledger tells who keeps it
├── RowNotFound 404
├── NotNow 409               the import is not in a state in which this can be done
├── NothingToTakeOver 409    no row is accepted, or no table was recognised
└── ConfirmationNeeded 409   the commit would close, end, start or move something: it is told what, and waits for a yes
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kit.problems import Conflict, NotFound


class ImportNotFound(NotFound):
    """No such import for this caller."""

    slug = "import-not-found"
    title_zh = "未找到此导入或无权查看"
    title_en = "No such import for you"


class RowNotFound(NotFound):
    """No such row in this import."""

    slug = "import-row-not-found"
    title_zh = "导入中没有这一行"
    title_en = "No such row in this import"


class NotNow(Conflict):
    """The import is being read, has been committed, or was given up."""

    slug = "import-not-ready"
    title_zh = "此导入当前状态不允许该操作"
    title_en = "Not possible in the import's present state"


class NothingToTakeOver(Conflict):
    """No accepted row."""

    slug = "nothing-to-take-over"
    title_zh = "没有可导入的行"
    title_en = "There is no row to take over"


class ConfirmationNeeded(Conflict):
    """The commit would write more than new rows; its counts stand in `effects`, and `confirm` must come back with it."""

    slug = "import-confirmation-needed"
    title_zh = "提交将办结、终止、开始或转移有关记录,请核对数目后确认"
    title_en = "The commit would close, end, start or move records; check the counts and confirm"

    def __init__(self, effects: Mapping[str, int], confirm: str) -> None:
        told = "、".join(f"{name} {count}" for name, count in sorted(effects.items()))
        super().__init__(f"将写入:{told};确认无误后请带 confirm 再次提交", f"it would write: {told}; commit again with `confirm`")
        self.effects, self.confirm = dict(effects), confirm

    def body(self, language: str, instance: str) -> dict[str, Any]:
        """The problem with the counts and what confirms them."""
        return {**super().body(language, instance), "effects": self.effects, "confirm": self.confirm}
