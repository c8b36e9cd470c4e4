"""Problems of requests that two people decide.

Problem
├── OwnRequest 403        the same person, or somebody whom the request is about, cannot confirm it
├── ApprovalDecided 409   it was confirmed, refused or has lapsed
└── ApprovalNotFound 404
"""

from kit.problems import Conflict, Forbidden, NotFound


class OwnRequest(Forbidden):
    """Another person must confirm: not the person who asked, and not the person whom the request is about."""

    slug = "own-request"
    title_zh = "须由另一名管理员确认"
    title_en = "Another administrator must confirm this"


class ApprovalDecided(Conflict):
    """The request was decided, or has lapsed."""

    slug = "approval-decided"
    title_zh = "该申请已处理或已失效"
    title_en = "This request was decided or has lapsed"


class ApprovalNotFound(NotFound):
    """No such request."""

    slug = "approval-not-found"
    title_zh = "没有这个申请"
    title_en = "No such request"
