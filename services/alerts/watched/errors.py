"""Problems of the projection.

Problem
└── PersonNotWatched 404   no running measure, or not this caller's: existence itself is personal
"""

from kit.problems import NotFound


class PersonNotWatched(NotFound):
    """No such person for this caller."""

    slug = "person-not-watched"
    title_zh = "未找到此人或无权查看"
    title_en = "No such person for you"
