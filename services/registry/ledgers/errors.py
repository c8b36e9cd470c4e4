"""Problems of conflicts.

Problem
├── ConflictNotFound 404
└── NotYours 403         the other side lies outside the caller's towns, or what was chosen is not the caller's to record: the county decides
"""

from kit.problems import Forbidden, NotFound


class ConflictNotFound(NotFound):
    """No such conflict in this import."""

    slug = "ledger-conflict-not-found"
    title_zh = "未找到此项冲突"
    title_en = "No such conflict"


class NotYours(Forbidden):
    """The other side lies outside the caller's towns, or the caller may not record by hand what was chosen."""

    slug = "ledger-conflict-not-yours"
    title_zh = "不在您的辖区或职权之内,由县禁毒办裁定"
    title_en = "Outside your towns or not yours to record; the county decides"
