"""Problems of inspectors.

Problem
├── InspectorNotFound 404
├── InspectorExists 409    staff number or certificate number is in the directory
├── RecusalExists 409
└── Invalid
    └── MayNotInspect 422  coordination bodies, grid workers, contractors (国办发〔2024〕54号)
"""

from kit.problems import Conflict, Invalid, NotFound


class InspectorNotFound(NotFound):
    """No such inspector."""

    slug = "inspector-not-found"
    title_zh = "未找到该执法人员"
    title_en = "No such inspector"


class InspectorExists(Conflict):
    """The staff number or the certificate is in the directory already."""

    slug = "inspector-exists"
    title_zh = "工号或执法证号已在名录中"
    title_en = "This staff number or certificate is in the directory already"


class RecusalExists(Conflict):
    """This recusal runs already."""

    slug = "recusal-exists"
    title_zh = "该回避已登记"
    title_en = "This recusal is recorded already"


class MayNotInspect(Invalid):
    """Only an organ with a legal power to inspect, through certificated officers, may inspect a firm."""

    slug = "may-not-inspect"
    title_zh = "不具备行政检查主体资格(国办发〔2024〕54号)"
    title_en = "Has no legal power to inspect firms (General Office of the State Council, 2024 no. 54)"
