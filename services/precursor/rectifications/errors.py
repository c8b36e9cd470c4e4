"""Problems of rectifications.

Problem
├── RectificationNotFound 404
└── NotInThatState 409      the order's state does not allow this step
"""

from kit.problems import Conflict, NotFound


class RectificationNotFound(NotFound):
    """No such order."""

    slug = "rectification-not-found"
    title_zh = "未找到该整改事项"
    title_en = "No such rectification"


class NotInThatState(Conflict):
    """The state of the order does not allow this step."""

    slug = "rectification-state"
    title_zh = "整改事项的当前状态不允许此操作"
    title_en = "The state of the rectification does not admit this step"
