"""Problems of divisions.

Problem
└── DivisionNotFound 404
"""

from kit.problems import NotFound


class DivisionNotFound(NotFound):
    """No division with this code."""

    slug = "division-not-found"
    title_zh = "没有这个区划代码"
    title_en = "No division with this code"
