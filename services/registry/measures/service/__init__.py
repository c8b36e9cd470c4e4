"""Use cases of measures: orders and steps (`steps`), endings, corrections, and the registered standing (`standings`)."""

from services.registry.measures.service.endings import end_due, end_measures, end_measures_of
from services.registry.measures.service.steps import (
    history_of,
    list_measures,
    measures_of,
    order_measure,
    read_measure,
    take_step,
    take_steps,
)

__all__ = [
    "end_due",
    "end_measures",
    "end_measures_of",
    "history_of",
    "list_measures",
    "measures_of",
    "order_measure",
    "read_measure",
    "take_step",
    "take_steps",
]
