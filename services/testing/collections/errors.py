"""Problems of collections.

Problem
├── CollectionNotFound 404      also outside the caller's scope
├── SameSexRequired 409         DTP art. 8
├── StepNotAllowed 409          the chain does not have this step from its present state
├── SealUsed 409            DTP art. 8: a seal tells one container from all others
└── OtherLabRequired 409        DTP art. 4: another, forensic institution must make the re-test
"""

from kit.problems import Conflict, FieldError, NotFound


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


class SealUsed(Conflict):
    """This seal number closes another container already."""

    slug = "seal-used"
    title_zh = "该封存编号已用于其他样本"
    title_en = "This seal number is used for another container"

    def __init__(self, number: str, pointer: str) -> None:
        super().__init__(
            f"封存编号 {number}:每个编号只能使用一次(《吸毒检测程序规定》第八条)",
            f"seal {number}: each number is used once (DTP art. 8)",
            [FieldError(pointer, "seal_used", "该封存编号已被使用", "this seal number is used already")],
        )


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
