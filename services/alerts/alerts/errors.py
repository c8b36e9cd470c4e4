"""Problems of alerts.

Problem
├── AlertNotFound 404     also for an alert outside the caller's scope
└── NotFromHere 409       the state does not allow this step
"""

from kit.problems import Conflict, NotFound


class AlertNotFound(NotFound):
    """No such alert for this caller."""

    slug = "alert-not-found"
    title_zh = "未找到此预警或无权查看"
    title_en = "No such alert for you"


class NotFromHere(Conflict):
    """The alert's state does not allow this step."""

    slug = "alert-state"
    title_zh = "预警当前状态不允许此操作"
    title_en = "The alert's state does not admit this"
