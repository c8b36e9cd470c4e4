"""Reasons as sentences for people: those of the detectors and those of deadlines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.alerts.checkins.rules import ELSEWHERE
from services.alerts.detectors.rules import SENTENCES

DEADLINES: Mapping[str, tuple[str, str]] = {
    "test_missed": ("应于{due_on}前完成的检测未做，请核实原因", "the test due on {due_on} was not done; find out why"),
    "rectification_overdue": ("整改期限{due_on}已过", "the term for rectification, {due_on}, has passed"),
    "measure_ending": (
        "措施将于{until}期满，还有{days}天，请按时送达解除通知",
        "the measure ends on {until}, in {days} days; see that the notice is served on time",
    ),
}


FLOW: Mapping[str, tuple[str, str]] = {
    "silent_absence": ("外出后未再签到", "gone and silent since"),
    "joint_exit": ("与他人同时外出过夜", "left overnight together with others"),
    "night_round_trips": ("夜间多次往返", "several round trips at night"),
    "burst": ("短期内频繁外出", "many trips within days"),
    "new_route": ("频繁前往新地点", "many trips to a new destination"),
}
"""What an episode of leaving and returning looks like."""


def sentence(reason: Mapping[str, Any], language: str) -> str:
    """The sentence of `{code, numbers}` in `zh` or `en`; the code itself where none is known."""
    if reason["numbers"].get("destination") == ELSEWHERE:
        reason = {**reason, "numbers": {**reason["numbers"], "destination": "远处(无法辨认的县)" if language == "zh" else "far away"}}
    if reason["code"] == "flow_kind":
        return FLOW[reason["numbers"]["kind"]][0 if language == "zh" else 1]
    known = DEADLINES.get(reason["code"]) or SENTENCES.get(reason["code"])
    return known[0 if language == "zh" else 1].format(**reason["numbers"]) if known else str(reason["code"])
