"""Messages of figures."""

from __future__ import annotations

from datetime import date

from kit.schemas import Answer


class TownFigures(Answer):
    """Test completion of a town: tests made in their window, of those owed. Excused and not-notified ones are out (domain 4.3)."""

    division_code: str
    done: int
    due: int


class Figures(Answer):
    """Test completion by town for windows that ended from … to, as known at `as_of`."""

    first: date
    last: date
    as_of: str
    towns: list[TownFigures]
    done: int
    due: int
