"""Problems of handovers.

Problem
├── HandoverNotFound 404      also for one outside the caller's towns, or announced by somebody else
├── HandoverState 409         the step is not declared for its state
├── NoticeDiffers 409         the same notice was announced before with another content
└── PersonNotRegistered 409   the person must be in the register before the town receives the packet
"""

from kit.problems import Conflict, NotFound


class HandoverNotFound(NotFound):
    """No such handover for this caller."""

    slug = "handover-not-found"
    title_zh = "未找到此出所衔接单或无权查看"
    title_en = "No such handover for you"


class HandoverState(Conflict):
    """The handover's state does not allow this."""

    slug = "handover-state"
    title_zh = "出所衔接单当前状态不允许此操作"
    title_en = "The handover's state does not admit this"


class NoticeDiffers(Conflict):
    """The same notice was announced before with another content."""

    slug = "notice-differs"
    title_zh = "同一通知书编号已登记,内容不同;如有变更请先撤回"
    title_en = "This notice was announced before with another content; withdraw it first"


class PersonNotRegistered(Conflict):
    """The person is not in the register yet."""

    slug = "person-not-registered"
    title_zh = "此人尚未登记,请先登记再接收"
    title_en = "This person is not registered yet: register them, then receive the handover"
