"""When a measure is a lawful basis for check-ins (law 7; DRR art. 7, 23, 24, 40)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

KINDS = ("community_treatment", "community_rehabilitation")
"""Measures carried out in the community (NCL art. 33, 48). Isolation, voluntary and maintenance treatment do not belong to them."""

RUNNING_STATES = ("active", "transfer_pending", "reported_serious_breach", "reported_reuse", "breach_reported")
"""The term runs: not before reporting in, not while suspended (DRR art. 24), not after any end."""

REMINDER_DAYS = 10
"""Days before the end at which the unit is reminded, so that the notice is on time (DRR art. 23; Chongqing art. 37). DEFAULT."""


def runs(kind: str, state: str, since: date | None, until: date | None, ended_on: date | None, day: date) -> bool:
    """Whether something is owed on a day. `until` and `ended_on` are the first days on which nothing is."""
    if kind not in KINDS or state not in RUNNING_STATES or since is None:
        return False
    return since <= day and (until is None or day < until) and (ended_on is None or day < ended_on)


def open_sql(person: str, day: str) -> str:
    """Whether a known measure of a person was not over on a day, as a SQL condition."""
    still = f"(w.ended_on is null or w.ended_on > {day}) and (w.until is null or w.until > {day})"
    return f"exists (select 1 from alerts.watched w where w.person_id = {person} and {still})"


def over_sql(person: str, day: str) -> str:
    """Whether all known measures of a person are over on a day, as a SQL condition; false for an unknown person. A suspended measure is not over."""
    return f"exists (select 1 from alerts.watched w where w.person_id = {person}) and not {open_sql(person, day)}"


def running_sql(alias: str, day: str) -> str:
    """The same rule as a SQL condition over a `watched` row; `day` is a SQL expression of type date."""
    kinds = ", ".join(f"'{kind}'" for kind in KINDS)
    states = ", ".join(f"'{state}'" for state in RUNNING_STATES)
    return (
        f"{alias}.kind in ({kinds}) and {alias}.state in ({states}) and {alias}.since <= {day}"
        f" and ({alias}.until is null or {alias}.until > {day}) and ({alias}.ended_on is null or {alias}.ended_on > {day})"
    )


Reporter = Literal["subject", "staff"]
AbsenceFault = Literal["too_long", "too_much_in_a_year", "too_late", "too_early"]


@dataclass(frozen=True, slots=True)
class AbsenceLimits:
    """How far a report of absence (DRR art. 19) may reach, from a day on: dated data with its source (`absences.csv`)."""

    valid_from: date
    by: Reporter
    longest_days: int
    days_in_year: int
    back_days: int
    ahead_days: int
    source: str


def read_limits(rows: Iterable[Mapping[str, str]]) -> tuple[AbsenceLimits, ...]:
    """The limits of these rows. Raises KeyError or ValueError for a row that cannot be read."""
    return tuple(
        AbsenceLimits(
            date.fromisoformat(row["valid_from"]),
            {"subject": "subject", "staff": "staff"}[row["by"]],  # type: ignore[arg-type] - the two words are the type
            int(row["longest_days"]),
            int(row["days_in_year"]),
            int(row["back_days"]),
            int(row["ahead_days"]),
            row["source"],
        )
        for row in rows
    )


def limits_on(limits: Iterable[AbsenceLimits], by: Reporter, day: date) -> AbsenceLimits:
    """What holds for a reporter on a day. Raises LookupError."""
    valid = [limit for limit in limits if limit.by == by and limit.valid_from <= day]
    if not valid:
        raise LookupError(f"no limits of absence for {by} on {day.isoformat()}")
    return max(valid, key=lambda limit: limit.valid_from)


def absence_fault(first: date, last: date, known: Iterable[tuple[date, date]], today: date, limits: AbsenceLimits) -> AbsenceFault | None:
    """Why a report of absence reaches too far; None where it does not. `known`: first and last days of the person's other reports.

    Days that several reports name count once; any twelve months are looked at, so that a chain of short reports is no longer than one long one.
    """
    if (last - first).days + 1 > limits.longest_days:
        return "too_long"
    if first < today - timedelta(days=limits.back_days):
        return "too_late"
    if first > today + timedelta(days=limits.ahead_days):
        return "too_early"
    days = {first + timedelta(days=n) for n in range((last - first).days + 1)}
    for begin, end in known:
        begin, end = max(begin, first - timedelta(days=365)), min(end, last + timedelta(days=365))
        days |= {begin + timedelta(days=n) for n in range(max(0, (end - begin).days + 1))}
    ordered = sorted(days)
    for number, day in enumerate(ordered):
        if number >= limits.days_in_year and (day - ordered[number - limits.days_in_year]).days < 365:
            return "too_much_in_a_year"
    return None
