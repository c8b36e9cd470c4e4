"""Messages of figures."""

from __future__ import annotations

from datetime import date

from kit.schemas import Answer


class TownFigures(Answer):
    """Numerators and denominators, so that a reader who adds towns up adds counts, not rates."""

    inspection: tuple[int, int]
    """(carried out within the period that was planned, due)."""
    rectification: tuple[int, int]
    """(closed by the first deadline, due)."""


class FiguresAnswer(Answer):
    """Town → figures; `due` are those whose last day lies in the period."""

    first: date
    last: date
    towns: dict[str, TownFigures]
