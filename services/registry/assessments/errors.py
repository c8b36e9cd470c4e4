"""Problems of assessments.

Problem
├── AssessmentNotFound 404   also for one outside the caller's scope
├── NoTier 409               without a running measure or monitoring there is no tier (DRR art. 7)
├── AssessmentState 409      the step is not declared for its state
└── SecondPerson 403         a second person must sign a high tier
"""

from kit.problems import Conflict, Forbidden, NotFound


class AssessmentNotFound(NotFound):
    """No such assessment for this caller."""

    slug = "assessment-not-found"
    title_zh = "未找到此评估或无权查看"
    title_en = "No such assessment for you"


class NoTier(Conflict):
    """This person has no tier."""

    slug = "no-tier"
    title_zh = "此人没有正在执行的措施或动态管控,不作分级"
    title_en = "Without a running measure or monitoring nobody has a tier"


class AssessmentState(Conflict):
    """The assessment's state does not allow this."""

    slug = "assessment-state"
    title_zh = "评估当前状态不允许此操作"
    title_en = "The assessment's state does not admit this"


class SecondPerson(Forbidden):
    """A high tier needs a second person."""

    slug = "second-person-needed"
    title_zh = "高风险评估须由提出人以外的人签字"
    title_en = "A high tier is signed by somebody else than who proposed it"
