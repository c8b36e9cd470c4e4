"""Problems of collections.

Problem
├── CollectionNotFound 404      also outside the caller's scope
├── SameSexRequired 409         DTP art. 8
├── StepNotAllowed 409          the chain knows no such step from the present state
└── OtherLabRequired 409        DTP art. 4: the re-test is another, forensic institution's
"""

from kit.problems import Conflict, NotFound


class CollectionNotFound(NotFound):
    """No such collection for this caller."""

    slug = "collection-not-found"
    title_zh = "未找到此次采样或无权查看"
    title_en = "No such collection for you"


class SameSexRequired(Conflict):
    """The collectors are not of the person's sex, or the person's sex is not known here."""

    slug = "same-sex-required"
    title_zh = "采样人员须与被检测人同性别"
    title_en = "The collectors must be of the person's sex"

    def __init__(self) -> None:
        super().__init__("《吸毒检测程序规定》第八条", "DTP art. 8")


class StepNotAllowed(Conflict):
    """No declared transition leads from the present state by this event."""

    slug = "chain-step-not-allowed"
    title_zh = "检测程序的当前环节不允许此操作"
    title_en = "The chain does not admit this step now"

    def __init__(self, state: str, event: str) -> None:
        super().__init__(f"当前环节 {state},操作 {event}", f"state {state}, step {event}")


class OtherLabRequired(Conflict):
    """The laboratory may not do this stage."""

    slug = "other-lab-required"
    title_zh = "该检测机构不得承担此环节"
    title_en = "This laboratory may not do this stage"

    def __init__(self) -> None:
        super().__init__(
            "《吸毒检测程序规定》第四条:检测机构须经指定且在有效期内;复检须由有鉴定资质的另一机构进行",
            "DTP art. 4: the laboratory must be designated and its designation run; a re-test is made by another institution with forensic qualification",
        )
