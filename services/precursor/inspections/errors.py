"""Problems of inspections.

Problem
├── InspectionNotFound 404
├── InspectionState 409       the inspection's state does not allow this step
├── AlreadyPublished 409
└── Invalid
    └── ChecklistOpen 422     names each item that has no outcome yet
"""

from kit.problems import Conflict, Invalid, NotFound


class InspectionNotFound(NotFound):
    """No such inspection."""

    slug = "inspection-not-found"
    title_zh = "未找到该检查"
    title_en = "No such inspection"


class InspectionState(Conflict):
    """The state does not allow this step."""

    slug = "inspection-state"
    title_zh = "检查的当前状态不允许此操作"
    title_en = "The state of the inspection does not admit this step"


class AlreadyPublished(Conflict):
    """The result was published already."""

    slug = "already-published"
    title_zh = "检查结果已公示"
    title_en = "The result was published already"


class ChecklistOpen(Invalid):
    """Some items have no outcome."""

    slug = "checklist-open"
    title_zh = "检查表尚有未填写的项目"
    title_en = "Some items of the checklist have no outcome"
