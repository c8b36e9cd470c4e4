"""Problems of conflicts.

Problem
├── ConflictNotFound 404
└── NotYours 403         the register's side lies outside the caller's towns: the county decides
"""

from kit.problems import Forbidden, NotFound


class ConflictNotFound(NotFound):
    """No such conflict in this import."""

    slug = "ledger-conflict-not-found"
    title_zh = "未找到此项冲突"
    title_en = "No such conflict"


class NotYours(Forbidden):
    """The other side lies outside the caller's towns."""

    slug = "ledger-conflict-not-yours"
    title_zh = "对方记录不在您的辖区,由县禁毒办裁定"
    title_en = "The other side lies outside your towns; the county decides"
