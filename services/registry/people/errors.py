"""Problems of people.

Problem
├── PersonNotFound 404      also for a person outside the caller's scope: existence itself is personal
├── AlreadyRegistered 409
└── RecordClosed 409        supervision has ended; the record is readable by law only to few (domain 2.5)
"""

from kit.problems import Conflict, NotFound


class PersonNotFound(NotFound):
    """No such person for this caller."""

    slug = "person-not-found"
    title_zh = "未找到此人或无权查看"
    title_en = "No such person for you"


class AlreadyRegistered(Conflict):
    """The ID number is in the register already."""

    slug = "already-registered"
    title_zh = "此公民身份号码已登记"
    title_en = "This ID number is registered already"


class RecordClosed(Conflict):
    """The record is closed."""

    slug = "record-closed"
    title_zh = "档案已封存"
    title_en = "The record is closed"
