"""Problems of measures.

Problem
├── MeasureNotFound 404     also for one outside the caller's scope: existence itself is personal
├── MeasureRunning 409      another exclusive measure runs (domain 1)
├── NotDeclaredStep 409     the law does not have this step from this state
├── LaterStepStands 409     a later step would lose its ground
├── NotCorrectable 409       other rows or later steps rest on it: then the organ revokes (T18)
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


class LaterStepStands(Conflict):
    """A step that was taken later would lose its ground."""

    slug = "later-step-stands"
    title_zh = "其后已登记的步骤将失去依据"
    title_en = "A later step would lose its ground"


class StepRefused(Invalid):
    """A legal condition of the step is not met."""

    slug = "step-refused"
    title_zh = "不符合法定条件"
    title_en = "A legal condition is not met"


class NotCorrectable(Conflict):
    """The step cannot be taken back."""

    slug = "step-not-correctable"
    title_zh = "其后的步骤或其他记录以此为依据,不能更正;须由决定机关撤销"
    title_en = "Later steps or other rows rest on this step; the organ revokes instead"
