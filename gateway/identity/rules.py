"""Pure rules of signing in: how long things live, when an account locks, what a password must be."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Literal, get_args

from kit.steps.machine import START, Machine, step

AccountState = Literal["active", "disabled"]
ACCOUNT_STATES: tuple[AccountState, ...] = get_args(AccountState)

_ADMINISTRATOR = ("administrator",)
_ACCESS = "PIPL art. 51; domain 11"
_RIGHTS = "roles|scope|organisation|staff_code|password reason"

ACCOUNT = Machine(
    "gateway.account.state",
    ACCOUNT_STATES,
    (
        step("open", START, "active", _ACCESS, "开通账号", "open", roles=_ADMINISTRATOR, needs="username password roles scope"),
        step("amend", "active", "active", _ACCESS, "变更", "amend", roles=_ADMINISTRATOR, needs=_RIGHTS),
        step("amend", "disabled", "disabled", _ACCESS, "变更", "amend", roles=_ADMINISTRATOR, needs=_RIGHTS),
        step("disable", "active", "disabled", _ACCESS, "停用", "disable", roles=_ADMINISTRATOR, needs="state reason"),
        step("enable", "disabled", "active", _ACCESS, "恢复", "enable", roles=_ADMINISTRATOR, needs="state reason"),
        step("follow_staff", "active", "disabled", _ACCESS, "随人员离任停用", "close with the holder's leaving"),
        step("reset_second_factor", "active", "active", _ACCESS, "重置动态口令", "reset the second factor", roles=_ADMINISTRATOR),
        step("reset_second_factor", "disabled", "disabled", _ACCESS, "重置动态口令", "reset the second factor", roles=_ADMINISTRATOR),
    ),
)
"""Who may sign in. What gives access is asked by one administrator and confirmed by another."""

ClientState = Literal["active", "revoked"]
CLIENT_STATES: tuple[ClientState, ...] = get_args(ClientState)
_KEYED = "id name role grants jwk"

CLIENT = Machine(
    "gateway.client.state",
    CLIENT_STATES,
    (
        step("register", START, "active", "PIPL art. 23, 51", "登记系统", "register", roles=_ADMINISTRATOR, needs=_KEYED),
        step(
            "amend",
            "active",
            "active",
            "PIPL art. 23, 51",
            "变更授权",
            "amend",
            roles=_ADMINISTRATOR,
            needs="grants|scope|organisation reason",
        ),
        step("add_key", "active", "active", "PIPL art. 51", "增加公钥", "add a key", roles=_ADMINISTRATOR, needs="jwk"),
        step("withdraw_key", "active", "active", "PIPL art. 51", "收回公钥", "withdraw a key", roles=_ADMINISTRATOR),
        step("withdraw_key", "revoked", "revoked", "PIPL art. 51", "收回公钥", "withdraw a key", roles=_ADMINISTRATOR),
        step("revoke", "active", "revoked", "PIPL art. 51", "停用系统", "revoke", roles=_ADMINISTRATOR),
    ),
)
"""Which systems may call. A revoked one never comes back: it is registered anew."""


MachineRole = Literal["agency", "partner"]
MACHINE_ROLES: tuple[MachineRole, ...] = get_args(MachineRole)


HumanRole = Literal[
    "county_officer",
    "town_officer",
    "social_worker",
    "grid_worker",
    "police_officer",
    "lab_technician",
    "inspector",
    "leader",
    "auditor",
    "administrator",
    "subject",
]


ACCESS_LIFE = 600
"""Seconds that an access token lives (DESIGN 6)."""
SESSION_LIFE = timedelta(hours=12)
"""Absolute life of a sign-in (SECURITY 4.1)."""
SESSION_IDLE = timedelta(minutes=30)
"""A session that nobody refreshed for so long is over."""
ROTATION_GRACE = timedelta(seconds=10)
"""Within this time the previous refresh token may come again without killing the family: two tabs, or an answer lost on the way."""
FREE_FAILURES = 5
LOCKS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))
ASSERTION_LIFE = 60
"""Longest life of a client assertion in seconds."""
MIN_PASSWORD = 12
"""Characters: length, not symbols, is what helps (NIST SP 800-63B 5.1.1.2)."""


def lock_after(failures: int, now: datetime) -> datetime | None:
    """Until when an account is locked after so many failures in a row: not at all for five, then 1, 5, 15 minutes. It never locks for good."""
    over = failures - FREE_FAILURES
    return None if over < 0 else now + LOCKS[min(over, len(LOCKS) - 1)]


def is_over(*, ended: datetime | None, expires: datetime, used: datetime, now: datetime) -> bool:
    """Whether a session can no longer be refreshed."""
    return ended is not None or now >= expires or now - used > SESSION_IDLE


SPRAYED = 100
"""Failures of one account within a day from addresses that it never signed in from; after them such addresses wait (NIST SP 800-63B 5.2.2)."""
SPRAYED_WAIT = timedelta(minutes=15)
FORGOTTEN = timedelta(days=1)
"""A failure counts for so long after the last one."""

WORKERS: dict[str, str] = {
    "county_officer": "county_officer",
    "town_officer": "town_officer",
    "social_worker": "social_worker",
    "grid_worker": "grid_worker",
    "police_officer": "police_officer",
}
"""Roles of people who work with supervised persons → the post that the registry's staff list must show for them (DRR art. 17)."""
BODIES: dict[str, str] = {"lab_technician": "laboratory", "inspector": "authority"}
"""Roles that act for a body → its kind. Other roles act for the county, and for no body."""
SEES_NOBODY = frozenset({"leader", "auditor", "administrator"})
"""Roles that see no persons, and are never one account with another role."""


def next_wait(failures: int, now: datetime, *, spread: bool = False) -> datetime | None:
    """Until when the next try waits after so many failures. `spread`: failures from anywhere, which must not keep the owner out for long."""
    if spread:
        return now + SPRAYED_WAIT if failures >= SPRAYED else None
    return lock_after(failures, now)


def serves_on(day: date, first: date | None, until: date | None) -> bool:
    """Whether somebody is in service on a day; `until` is the first day on which not."""
    return (first is None or first <= day) and (until is None or day < until)


def needs_second_factor(roles: Iterable[str], listed: Iterable[str], since: date, today: date) -> bool:
    """Whether a sign-in with these roles needs a one-time code."""
    return today >= since and not set(listed).isdisjoint(roles)


def is_wider(before: Iterable[str], after: Iterable[str]) -> bool:
    """Whether division prefixes reach a place that earlier ones did not."""
    known = tuple(before)
    return any(not entry.startswith(known) for entry in after) if known else bool(list(after))


def same_person(first: tuple[str | None, str | None], second: tuple[str | None, str | None]) -> bool:
    """Whether two (staff number, holder) are of one person: an account may be a second one of the same person."""
    return any(one is not None and one == other for one, other in zip(first, second, strict=True))


OPERATIONS = ("precursor:read", "handover:announce")
"""What agencies' systems may be granted; a test compares with what the services ask for."""
ASSERTION_TYPES = frozenset({"JWT", "client-authentication+jwt"})
"""`typ` of a client assertion (RFC 7523 3; RFC 8725 3.11): our own tokens and others' have types of their own."""
