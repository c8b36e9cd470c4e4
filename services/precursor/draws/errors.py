"""Problems of draws.

Problem
├── DrawNotFound 404
├── DrawState 409            the draw's state does not admit this step
├── DrawRepeated 409         another draw of this kind and authority runs, or was set aside and is not named
├── DrawPending 409          another authority's draw over the same firms has no result yet
├── NothingToDraw 409        the directory of objects is empty
├── NotEnoughInspectors 409  fewer eligible officers than must go
└── TooEarly 409 · TooLate 409   the public value is not known yet; it is known already
"""

from kit.problems import Conflict, NotFound


class DrawNotFound(NotFound):
    """No such draw."""

    slug = "draw-not-found"
    title_zh = "未找到该抽签"
    title_en = "No such draw"


class DrawState(Conflict):
    """The state does not admit this step."""

    slug = "draw-state"
    title_zh = "抽签的当前状态不允许此操作"
    title_en = "The state of the draw does not admit this step"


class DrawRepeated(Conflict):
    """A draw is not repeated until it pleases."""

    slug = "draw-repeated"
    title_zh = "不得重复抽签:须先以法定事由作废并注明"
    title_en = "A draw is not repeated: set the earlier one aside with a reason and name it"


class DrawPending(Conflict):
    """Firms have a yearly cap over all authorities, so their draws are made one after the other (国办发〔2024〕54号)."""

    slug = "draw-pending"
    title_zh = "其他机关对同类对象的抽签尚未出结果"
    title_en = "Another authority's draw over the same firms has no result yet"


class NothingToDraw(Conflict):
    """No object may be drawn."""

    slug = "nothing-to-draw"
    title_zh = "检查对象名录为空"
    title_en = "The directory of objects is empty"


class NotEnoughInspectors(Conflict):
    """Fewer eligible officers than must go to some objects."""

    slug = "too-few-inspectors"
    title_zh = "可派执法人员不足,不能抽签"
    title_en = "Too few inspectors can be sent; nothing was drawn"


class TooEarly(Conflict):
    """The public value cannot be known yet."""

    slug = "draw-too-early"
    title_zh = "公开随机数尚未产生"
    title_en = "The public value does not exist yet"


class TooLate(Conflict):
    """The public value could be known already, so a commitment would promise nothing."""

    slug = "draw-too-late"
    title_zh = "公开随机数已产生,不能再承诺"
    title_en = "The public value may be known already; it is too late to commit"
