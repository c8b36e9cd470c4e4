"""The states of a draw and of a replacement, and the steps between them: pure data."""

from __future__ import annotations

from typing import Literal, get_args

from kit.steps.machine import START, Machine, step

State = Literal["planned", "committed", "published", "closed", "set_aside"]
STATES: tuple[State, ...] = get_args(State)

SetAsideReason = Literal[
    "directory_wrong",
    "public_value_unavailable",
    "public_value_wrong",
    "inspectors_unavailable",
    "ordered_by_superior",
    "technical_failure",
]
SET_ASIDE_REASONS: tuple[SetAsideReason, ...] = get_args(SetAsideReason)
"""Why an attempt may be set aside before its reveal, and the only grounds on which a draw may be repeated (domain 9: redraw only with
reason code).
"""

Excluded = Literal["yearly_cap", "not_competent", "nothing_controlled"]
"""Why a firm is outside the pool."""
Unable = Literal["certificate", "unavailable"]
"""Why an officer cannot be drawn."""

_RECORDED = "General Office of the State Council (2015) no. 58"
_PLANNER = ("county_officer",)
_SIGNER = ("county_officer", "inspector")

MACHINE = Machine(
    "precursor.draw.state",
    STATES,
    [
        step("plan", START, "planned", _RECORDED, "计划抽签", "plan", roles=_PLANNER, needs="title object_kind authority public_sources"),
        step("commit", "planned", "committed", _RECORDED, "公布承诺值", "commit", roles=_PLANNER),
        step(
            "enter_values",
            "committed",
            "committed",
            _RECORDED,
            "录入公开随机数",
            "enter the public values",
            roles=_PLANNER,
            needs="public_values public_reference",
        ),
        step(
            "reveal",
            "committed",
            "published",
            _RECORDED,
            "第二人核对并揭晓",
            "confirm by a second person and reveal",
            roles=_PLANNER,
            needs="public_values public_reference",
        ),
        step(
            "propose_replacement",
            "published",
            "published",
            "APL art. 43",
            "申请更换",
            "propose a replacement",
            roles=_PLANNER,
            needs="firm_id note",
        ),
        step("replace_officer", "published", "published", "APL art. 43", "更换执法人员", "replace an officer"),
        step("replace_object", "published", "published", _RECORDED, "更换对象", "replace an object"),
        step("close", "published", "closed", _RECORDED, "结束", "close", roles=_PLANNER),
        step(
            "set_aside",
            "planned committed",
            "set_aside",
            _RECORDED,
            "作废",
            "set aside",
            roles=_PLANNER,
            needs="reason note document_no",
        ),
    ],
)
"""A replacement takes place when its second person signs. There are no steps back and none from a result to another draw: after the reveal only single objects and officers are replaced."""

ReplacementKind = Literal["officer", "object"]
REPLACEMENT_KINDS: tuple[ReplacementKind, ...] = get_args(ReplacementKind)

ReplacementState = Literal["proposed", "signed", "refused"]
REPLACEMENT_STATES: tuple[ReplacementState, ...] = get_args(ReplacementState)

ObjectGround = Literal["closed", "not_competent", "nothing_controlled"]
OBJECT_GROUNDS: tuple[ObjectGround, ...] = get_args(ObjectGround)
"""Why a drawn firm is not inspected: the firm's file or the list of precursors records each ground."""

REPLACEMENT = Machine(
    "precursor.draw_replacement.state",
    REPLACEMENT_STATES,
    [
        step("propose", START, "proposed", "APL art. 43", "申请更换", "propose", roles=_PLANNER, needs="firm_id note"),
        step("sign", "proposed", "signed", "APL art. 43", "会签", "sign", roles=_SIGNER),
        step("refuse", "proposed", "refused", "APL art. 43", "不同意", "refuse", roles=_SIGNER, needs="note"),
    ],
)
