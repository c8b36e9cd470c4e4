"""Problems of imports.

Problem
├── ImportNotFound 404       also for an import of somebody else's: a ledger tells who keeps it
├── RowNotFound 404
├── NotNow 409               the import is not in a state in which this can be done
└── NothingToTakeOver 409    no row is accepted, or no table was recognised
"""

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
