"""Problems of the catalogue.

Problem
├── EntryNotFound 404
├── ListUnchanged 409             the chemical is not in force on that day, or is listed in this way already
└── Invalid
    └── CatalogueUnreadable 422      names each wrong line and column; nothing is loaded
"""

from kit.problems import Conflict, Invalid, NotFound


class EntryNotFound(NotFound):
    """No such entry."""

    slug = "catalogue-entry-not-found"
    title_zh = "品种目录中没有该条目"
    title_en = "The catalogue has no such entry"


class ListUnchanged(Conflict):
    """The chemical is not in force on that day, or is listed in this way already."""

    slug = "list-unchanged"
    title_zh = "该品种在该日不在列或分类相同"
    title_en = "On that day the chemical is not listed, or is listed so already"


class CatalogueUnreadable(Invalid):
    """The file is not a catalogue."""

    slug = "catalogue-unreadable"
    title_zh = "品种目录文件有误,未载入任何内容"
    title_en = "The catalogue file has errors; nothing was loaded"
