"""Problems of draws.

Problem
├── DrawNotFound 404
├── DrawState 409            the draw's state does not allow this step
├── DrawRepeated 409         another draw of this kind and authority runs, or was set aside and is not named
├── DrawPending 409          another authority's draw over the same firms has no result yet
├── SamePerson 409           the second signature must be another person's
├── ValuesMissing 409        nobody has entered the public values yet
├── ValuesDiffer 409         two persons entered different public values
├── ReplacementNotFound 404
├── ReplacementOpen 409      a replacement of the same firm or officer waits for its signature
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
    """The state does not allow this step."""

    slug = "draw-state"
    title_zh = "抽签的当前状态不允许此操作"
    title_en = "The state of the draw does not admit this step"


class DrawRepeated(Conflict):
    """A draw must not be repeated to get another result."""

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
    """The public value could be known already, so a commitment would prove nothing."""

    slug = "draw-too-late"
    title_zh = "公开随机数已产生,不能再承诺"
    title_en = "The public value may be known already; it is too late to commit"


class SamePerson(Conflict):
    """The second signature is another person's."""

    slug = "second-person"
    title_zh = "须由另一人核对或会签"
    title_en = "A second person must confirm or sign"


class ValuesMissing(Conflict):
    """Nobody has entered the public values yet."""

    slug = "draw-values-missing"
    title_zh = "须先由一人录入公开随机数,再由另一人核对揭晓"
    title_en = "One person enters the public values first; another confirms them and reveals"


class ValuesDiffer(Conflict):
    """Two persons entered different public values."""

    slug = "draw-values-differ"
    title_zh = "两人录入的公开随机数不一致,请到来源处核对后重新录入"
    title_en = "Two persons entered different public values; look them up at the source and enter them again"


class ReplacementNotFound(NotFound):
    """No such replacement."""

    slug = "replacement-not-found"
    title_zh = "未找到该更换申请"
    title_en = "No such replacement"


class ReplacementOpen(Conflict):
    """A replacement of the same firm or officer waits for its signature."""

    slug = "replacement-open"
    title_zh = "同一对象或人员的更换申请正待会签"
    title_en = "A replacement of the same firm or officer waits for its signature"
