"""Problems of visits.

Problem
├── RoundNotFound 404
├── VisitNotFound 404       also for one outside the caller's scope: existence itself is personal
├── RoundCodeTaken 409
└── SupervisionOver 409     nothing is owed any more: no visit may be recorded as a duty (law 7)
"""

from kit.problems import Conflict, NotFound


class RoundNotFound(NotFound):
    """No such round."""

    slug = "round-not-found"
    title_zh = "没有这一轮走访"
    title_en = "No such round"


class VisitNotFound(NotFound):
    """No such visit for this caller."""

    slug = "visit-not-found"
    title_zh = "未找到此次走访或无权查看"
    title_en = "No such visit for you"


class RoundCodeTaken(Conflict):
    """Another round has this code."""

    slug = "round-code-taken"
    title_zh = "轮次编号已存在"
    title_en = "Another round has this code"


class SupervisionOver(Conflict):
    """Supervision had ended on that day."""

    slug = "supervision-over"
    title_zh = "此人在该日已不属于管控对象,不得再登记走访任务"
    title_en = "Supervision of this person had ended by that day"
