"""Problems of measures.

Problem
├── MeasureNotFound 404     also for one outside the caller's scope: existence itself is personal
├── MeasureRunning 409      another exclusive measure runs (domain 1)
├── NotDeclaredStep 409     the law does not have this step from this state
├── NotCorrectable 409       not the last step, or other rows rest on it: then the organ revokes (T18)
└── StepRefused 422         the step is known, a condition of the law is not met
"""

from kit.problems import Conflict, Invalid, NotFound


class MeasureNotFound(NotFound):
    """No such measure for this caller."""

    slug = "measure-not-found"
    title_zh = "未找到此措施或无权查看"
    title_en = "No such measure for you"


class MeasureRunning(Conflict):
    """Only one of community treatment, isolation and rehabilitation runs at a time."""

    slug = "measure-running"
    title_zh = "此人已有正在执行的措施"
    title_en = "Another measure of this person is running"


class NotDeclaredStep(Conflict):
    """The law knows no such step from this state."""

    slug = "step-not-declared"
    title_zh = "依法不存在此项变更"
    title_en = "The law knows no such step from this state"


class StepRefused(Invalid):
    """A legal condition of the step is not met."""

    slug = "step-refused"
    title_zh = "不符合法定条件"
    title_en = "A legal condition is not met"


class NotCorrectable(Conflict):
    """The step cannot be taken back."""

    slug = "step-not-correctable"
    title_zh = "只能更正最后一步,且其后没有其他决定;否则须由决定机关撤销"
    title_en = "Only the last step, on which nothing rests, can be corrected; otherwise the organ revokes"
