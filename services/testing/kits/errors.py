"""Problems of kits.

Problem
├── KitLotNotFound 404
├── KitLotExists 409
└── KitLotExpired 409       the reading of an expired kit is not valid
"""

from kit.problems import Conflict, NotFound


class KitLotNotFound(NotFound):
    """No such lot."""

    slug = "kit-lot-not-found"
    title_zh = "未找到该试剂批次"
    title_en = "No such kit lot"


class KitLotExists(Conflict):
    """This lot number is entered already."""

    slug = "kit-lot-exists"
    title_zh = "该试剂批次已登记"
    title_en = "This kit lot is entered already"


class KitLotExpired(Conflict):
    """The lot was out of date when the specimen was taken."""

    slug = "kit-lot-expired"
    title_zh = "试剂已过有效期,不得使用"
    title_en = "This kit lot was out of date"
