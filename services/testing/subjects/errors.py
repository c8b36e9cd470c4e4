"""Problems of subjects.

Problem
├── SubjectNotFound 404     also outside the caller's scope: existence itself is personal
└── NoLegalBasis 409        this person may not be made to take a test (DTP art. 2)
"""

from kit.problems import Conflict, NotFound


class SubjectNotFound(NotFound):
    """No such person for this caller."""

    slug = "subject-not-found"
    title_zh = "未找到此人或无权查看"
    title_en = "No such person for you"


class NoLegalBasis(Conflict):
    """DTP art. 2 does not name this person today."""

    slug = "no-legal-basis-for-test"
    title_zh = "依法不得对此人实施强制性检测"
    title_en = "The law does not allow a mandatory test of this person"

    def __init__(self) -> None:
        super().__init__(
            "《吸毒检测程序规定》第二条:此人当日无正在执行的社区戒毒或社区康复,只能经本人同意做自愿检测,或由公安机关凭嫌疑依据检测",
            "DTP art. 2: no community treatment or rehabilitation runs on that day; only a voluntary test by consent, "
            "or a test by the police on stated grounds of suspicion, is possible",
        )
