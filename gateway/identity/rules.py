"""Pure rules of signing in: how long things live, when an account locks, what a password must be."""

from __future__ import annotations

from datetime import datetime, timedelta

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
