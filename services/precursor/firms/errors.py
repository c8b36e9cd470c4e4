"""Problems of firms.

Problem
├── FirmNotFound 404
└── FirmExists 409      the unified social credit code is in the register already
"""

from kit.problems import Conflict, NotFound


class FirmNotFound(NotFound):
    """No such firm."""

    slug = "firm-not-found"
    title_zh = "未找到该企业"
    title_en = "No such firm"


class FirmExists(Conflict):
    """A firm with this code is registered."""

    slug = "firm-exists"
    title_zh = "该统一社会信用代码已登记"
    title_en = "A firm with this unified social credit code is registered already"
