"""Problems of laboratories.

Problem
├── LabNotFound 404
└── LabExists 409
"""

from kit.problems import Conflict, NotFound


class LabNotFound(NotFound):
    """No such laboratory."""

    slug = "lab-not-found"
    title_zh = "未找到该检测机构"
    title_en = "No such laboratory"


class LabExists(Conflict):
    """The laboratory's code is taken."""

    slug = "lab-exists"
    title_zh = "该检测机构编码已存在"
    title_en = "This laboratory code exists already"
