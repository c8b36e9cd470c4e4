"""Use cases of draws: attempts (plan, commit, enter, reveal, close, set aside), replacements by two signatures, and the proof that outsiders recompute."""

from services.precursor.draws.service.attempts import (
    close_draw,
    commit_draw,
    enter_values,
    plan_draw,
    public_sources,
    read_draw,
    reveal_draw,
    set_aside_draw,
    steps_of,
)
from services.precursor.draws.service.proof import announcements, list_draws, prove
from services.precursor.draws.service.replacing import (
    list_replacements,
    propose_replacement,
    read_replacement,
    refuse_replacement,
    sign_replacement,
)

__all__ = [
    "announcements",
    "close_draw",
    "commit_draw",
    "enter_values",
    "list_draws",
    "list_replacements",
    "plan_draw",
    "propose_replacement",
    "prove",
    "public_sources",
    "read_draw",
    "read_replacement",
    "refuse_replacement",
    "reveal_draw",
    "set_aside_draw",
    "sign_replacement",
    "steps_of",
]
