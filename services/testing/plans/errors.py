"""Problems of plans.

Problem
├── PlanNotFound 404        also outside the caller's scope
└── NotFromHere 409         the state machine knows no such step from the present state
"""

from kit.problems import Conflict, NotFound


class PlanNotFound(NotFound):
    """No such due test for this caller."""

    slug = "due-test-not-found"
    title_zh = "未找到此检测计划或无权查看"
    title_en = "No such due test for you"


class NotFromHere(Conflict):
    """No declared transition leads from the present state by this event."""

    slug = "not-from-this-state"
    title_zh = "当前状态不允许此操作"
    title_en = "The present state does not admit this step"

    def __init__(self, state: str, event: str) -> None:
        super().__init__(f"当前状态 {state},操作 {event}", f"state {state}, step {event}")
