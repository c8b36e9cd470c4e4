"""Arithmetic of statutory terms. Pure: days in, days out; which days are working days is passed in.

A term counted in days starts on the day after its event and, when its last day is a rest day, runs to the end of the next working day (DRR art. 14 with
the counting rule of domain 2.4: lenient to the person; kit.clock). A term counted in years ends at the corresponding day, or on the last day of a month that has none
(Civil Code art. 202); what is stored as `term_end` is the first day on which nothing is owed any more.
"""

from __future__ import annotations

import calendar
from datetime import date, timedelta

from kit.clock import WorkingDay, last_day

REPORT_IN_DAYS = 15
"""From the receipt of the order (DRR art. 14, 38) or from the change of place (DRR art. 22)."""

COMMUNITY_MONTHS = 36
"""Exactly three years (NCL art. 33): nobody can shorten or extend it."""

ISOLATION_MONTHS = 24
"""Two years from the decision (NCL art. 47)."""

ISOLATION_EXTENSION_MONTHS = 12
"""At most one year more (NCL art. 47)."""

REHABILITATION_MAX_MONTHS = 36
"""At most three years (NCL art. 48)."""

AGREEMENT_WORKING_DAYS = 3
"""DEFAULT for 'promptly' after reporting in (DRR art. 16)."""

CLEAN_MONTHS = 36
"""Three years without relapse end dynamic monitoring (DRR art. 7)."""


def after_months(start: date, months: int) -> date:
    """The corresponding day `months` later; the last day of that month when the month is shorter."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))


def due_in_working_days(event: date, days: int, working: WorkingDay) -> date:
    """Last day of a term counted in working days."""
    day = event
    while days:
        day += timedelta(days=1)
        days -= working(day)
    return day


def report_in_due(received_on: date, working: WorkingDay) -> date:
    """Last day for reporting in (DRR art. 14, 22, 38)."""
    return last_day(received_on, REPORT_IN_DAYS, working)


def term_end(start: date, months: int, *, added_days: int = 0, credited_days: int = 0) -> date:
    """First day on which nothing is owed any more. `added_days`: suspension (DRR art. 24) or escape (DRR art. 32); `credited_days`: served before (DRR art. 31)."""
    return max(start, after_months(start, months) + timedelta(days=added_days - credited_days))


def rehabilitation_latest_end(ordered_on: date, months: int) -> date:
    """The law names no start for rehabilitation: DEFAULT the day of reporting in, but it never ends later than order + 15 days + ordered
    term (domain 13, row 1).
    """
    return after_months(ordered_on + timedelta(days=REPORT_IN_DAYS), months)


def monitoring_end(clean_since: date) -> date:
    """First day after three clean years (DRR art. 7)."""
    return after_months(clean_since, CLEAN_MONTHS)
