"""Use cases of measures."""

from __future__ import annotations

from services.registry.measures.endings import end_due, end_measures, end_measures_of
from services.registry.measures.intake import WITH_MEASURE, TakenMeasure, take_over_measures

__all__ = ["WITH_MEASURE", "TakenMeasure", "end_due", "end_measures", "end_measures_of", "take_over_measures"]
