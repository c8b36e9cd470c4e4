"""Problems of staff.

Problem
├── StaffNotFound 404
└── StaffCodeTaken 409
"""

from kit.problems import Conflict, NotFound


class StaffNotFound(NotFound):
    """No staff member or station with this number."""

    slug = "staff-not-found"
    title_zh = "没有这个人员或站点编号"
    title_en = "No staff member or station with this number"


class StaffCodeTaken(Conflict):
    """The number belongs to somebody else already."""

    slug = "staff-code-taken"
    title_zh = "编号已被使用"
    title_en = "This number is taken already"
