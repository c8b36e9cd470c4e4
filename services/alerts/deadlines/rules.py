"""Which events of a neighbour keep a reminder open, and which end its cause. Pure."""

from __future__ import annotations

UPHELD = frozenset({"missed", "missed_unexcused", "evaded", "refused"})
"""The test was not done. A person's judgement that it was missed without excuse, evaded or refused (DRR art. 20) does not undo that: the reminder stands
until somebody closes it with what was found. All other words (excused, not notified, attended in time, paused, cancelled) take the cause away."""


def is_upheld(code: str) -> bool:
    """Whether a due test still gives cause after this word about it."""
    return code in UPHELD
