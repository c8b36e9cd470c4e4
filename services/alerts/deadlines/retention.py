"""What may no longer be kept is dropped each night (domain 11.3; PIPL art. 19, 47). What stays are numbers."""

from __future__ import annotations

from datetime import timedelta

from kit.work import Work
from services.alerts.alerts import repository as alerts
from services.alerts.checkins import service as checkins
from services.alerts.detection import repository as detection
from services.alerts.devices import repository as devices
from services.alerts.watched import repository as watched

LEARNED_DAYS = 60
"""Learned places explain for two weeks and are replayed for two more; after this nobody asks for them."""


async def drop_what_is_over(work: Work) -> dict[str, int]:
    """Check-ins by their age; homes, learned places and alerts by the end of the measure; dismissed alerts by their closing. How many of each."""
    settings = checkins.settings_of(work)
    await checkins.sweep(work)
    long_ago = work.today - timedelta(days=settings.ended_days)
    dismissed = work.now - timedelta(days=settings.dismissed_days)
    dropped = {
        "alerts": await alerts.forget_closed(work.session, dismissed, long_ago, work.now),
        "homes": await watched.forget_homes(work.session, work.today),
        "devices": await devices.forget_ended(work.session, work.today),
        "absences": await watched.forget_absences(work.session, long_ago),
        "learned": await detection.forget_learned(work.session, work.today, work.now - timedelta(days=LEARNED_DAYS)),
        "measures": await watched.forget_ended(work.session, long_ago),
    }
    await work.note("alert.forget", "alert", details=dropped)
    return dropped
