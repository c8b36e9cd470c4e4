"""When a measure is a lawful basis for check-ins (law 7; DRR art. 7, 23, 24, 40)."""

from __future__ import annotations

from datetime import date

KINDS = ("community_treatment", "community_rehabilitation")
"""Measures carried out in the community (NCL art. 33, 48). Isolation, voluntary and maintenance treatment are none of them."""

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
    """Whether anything told of a person was not over on a day, as a SQL condition."""
    still = f"(w.ended_on is null or w.ended_on > {day}) and (w.until is null or w.until > {day})"
    return f"exists (select 1 from alerts.watched w where w.person_id = {person} and {still})"


def over_sql(person: str, day: str) -> str:
    """Whether everything ever told of a person is over on a day, as a SQL condition; somebody of whom nothing was told is not. A suspended measure is not over."""
    return f"exists (select 1 from alerts.watched w where w.person_id = {person}) and not {open_sql(person, day)}"


def running_sql(alias: str, day: str) -> str:
    """The same rule as a SQL condition over a `watched` row; `day` is a SQL expression of type date."""
    kinds = ", ".join(f"'{kind}'" for kind in KINDS)
    states = ", ".join(f"'{state}'" for state in RUNNING_STATES)
    return (
        f"{alias}.kind in ({kinds}) and {alias}.state in ({states}) and {alias}.since <= {day}"
        f" and ({alias}.until is null or {alias}.until > {day}) and ({alias}.ended_on is null or {alias}.ended_on > {day})"
    )
