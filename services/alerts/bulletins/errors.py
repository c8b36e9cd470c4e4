"""Problems of bulletins.

Problem
├── BulletinNotFound 404   also a draft, for whoever may only see what is published
├── EditionDamaged 500     what is stored is not what was published: nobody gets it
└── AlreadyPublished 409   a published bulletin is never changed; a corrected figure is a new revision
"""

from kit.problems import Conflict, NotFound, Problem


class BulletinNotFound(NotFound):
    """No such bulletin for this caller."""

    slug = "bulletin-not-found"
    title_zh = "未找到此通报"
    title_en = "No such bulletin"


class AlreadyPublished(Conflict):
    """It is published."""

    slug = "bulletin-published"
    title_zh = "通报已印发,不能修改;更正须另出修订版"
    title_en = "The bulletin is published; a correction is a new revision"


class EditionDamaged(Problem):
    """What is stored is not what was published."""

    status = 500
    slug = "bulletin-damaged"
    title_zh = "通报存档与印发时的摘要不符,请联系系统管理员"
    title_en = "The stored bulletin does not match the digest of its publication; tell the administrator"
