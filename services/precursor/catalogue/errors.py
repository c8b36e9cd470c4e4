"""Problems of the catalogue.

Problem
└── Invalid
    └── CatalogueUnreadable 422   names each line and column that is wrong; nothing is loaded then
"""

from kit.problems import Invalid


class CatalogueUnreadable(Invalid):
    """The file is no catalogue."""

    slug = "catalogue-unreadable"
    title_zh = "品种目录文件有误,未载入任何内容"
    title_en = "The catalogue file has errors; nothing was loaded"
