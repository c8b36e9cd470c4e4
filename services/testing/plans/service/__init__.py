"""Use cases of plans: one due test (`owed`), and what the registry's events do to all of them (`following`)."""

from services.testing.plans.service.owed import (
    arrange,
    decide,
    history_of,
    list_due,
    mark_missed,
    next_steps_of,
    open_due,
    plans_of,
    read_plan,
    reschedule,
    schemes,
    take_step,
)

__all__ = [
    "arrange",
    "decide",
    "history_of",
    "list_due",
    "mark_missed",
    "next_steps_of",
    "open_due",
    "plans_of",
    "read_plan",
    "reschedule",
    "schemes",
    "take_step",
]
