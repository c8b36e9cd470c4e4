"""Messages of figures."""

from __future__ import annotations

from datetime import date, datetime

from kit.schemas import Answer


class TownFigures(Answer):
    """Test completion of a town: tests made in their window, of those owed. Excused and not-notified ones are out (domain 4.3).

    Null where a small count is withheld from whoever may not see persons.
    """

    division_code: str
    done: int | None
    due: int | None
    unplanned: int | None
    """Tests taken in the period that nobody had planned, mostly a ledger's: such a list does not show which tests were missed."""


class Figures(Answer):
    """Test completion by town for windows that ended from … to, as known at `as_of`."""

    first: date
    last: date
    as_of: datetime
    towns: list[TownFigures]
    done: int | None
    due: int | None
    unplanned: int | None
