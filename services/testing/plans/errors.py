"""Problems of plans.

Problem
└── PlanNotFound 404        also outside the caller's scope
"""

from kit.problems import NotFound


class PlanNotFound(NotFound):
    """No such due test for this caller."""

    slug = "due-test-not-found"
    title_zh = "未找到此检测计划或无权查看"
    title_en = "No such due test for you"
