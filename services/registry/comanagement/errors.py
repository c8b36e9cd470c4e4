"""Problems of co-management.

Problem
├── AgreementNotFound 404    also for a partner whose client was not granted it
├── AgreementState 409       the step is not declared for the agreement's state
└── NotInForce 409           nothing may be shared: not accepted by both sides, or outside its dates
"""

from kit.problems import Conflict, NotFound


class AgreementNotFound(NotFound):
    """No such agreement for this caller."""

    slug = "agreement-not-found"
    title_zh = "未找到此共管协议或无权查看"
    title_en = "No such agreement for you"


class AgreementState(Conflict):
    """The agreement's state does not allow this."""

    slug = "agreement-state"
    title_zh = "共管协议当前状态不允许此操作"
    title_en = "The agreement's state does not admit this"


class NotInForce(Conflict):
    """The agreement is not in force."""

    slug = "agreement-not-in-force"
    title_zh = "共管协议未生效"
    title_en = "The agreement is not in force"
