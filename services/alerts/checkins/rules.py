"""Datum, clock and cell of a check-in. Pure.

GCJ-02 is the offset datum that Chinese map SDKs must return (GB 20263-2006); it has no published inverse. The forward formula is the one found by
comparing points (eviltransform, public domain); the inverse below iterates it to less than a centimetre.
"""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta
from typing import Literal, get_args

from kit.clock import day_start

Source = Literal["app", "worker", "station", "partner"]
SOURCES: tuple[Source, ...] = get_args(Source)
Brought = Literal["app", "worker", "station"]
"""Sources that come in over our own door."""
Datum = Literal["wgs84", "gcj02"]
Refusal = Literal[
    "no_running_measure",
    "not_in_care_team",
    "clock_ahead",
    "clock_unset",
    "too_old",
    "source_not_yours",
    "not_the_device",
    "no_position",
    "key_used",
    "malformed",
]
TO_KEEP: frozenset[Refusal] = frozenset({"clock_ahead", "clock_unset", "key_used", "no_position", "not_the_device"})
"""Refusals that the phone or its owner can put right: the item must not be thrown away."""

SKEW_NOTED = timedelta(minutes=2)
"""A phone whose clock differs by more gets a notice (SECURITY T24)."""
AHEAD_REFUSED = timedelta(minutes=10)
"""A check-in further in the future is refused: it would make all others look late."""

ELSEWHERE = "000000"
"""The county of a check-in that lies near no known centre: out, and nobody knows where."""
NEAR_KM = 100.0
"""Farther from every known centre than this no county can be told: counties are some tens of kilometres across. DEFAULT."""

CLOCK_UNSET_DAYS = 366
"""No queue of a phone is a year old: a time before that comes from a clock that nobody has set. DEFAULT."""

_A = 6378245.0
"""Semi-major axis of Krasovsky 1940, metres."""
_EE = 0.00669342162296594323
_WEST, _EAST, _SOUTH, _NORTH = 72.004, 137.8347, 0.8293, 55.8271


def _offset(lon: float, lat: float) -> tuple[float, float]:
    x, y = lon - 105.0, lat - 35.0
    root = math.sqrt(abs(x))
    waves = 20.0 * math.sin(6.0 * x * math.pi) + 20.0 * math.sin(2.0 * x * math.pi)
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + waves * 2.0 / 3.0
    north += (20.0 * math.sin(y * math.pi) + 40.0 * math.sin(y / 3.0 * math.pi)) * 2.0 / 3.0
    north += (160.0 * math.sin(y / 12.0 * math.pi) + 320.0 * math.sin(y * math.pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + waves * 2.0 / 3.0
    east += (20.0 * math.sin(x * math.pi) + 40.0 * math.sin(x / 3.0 * math.pi)) * 2.0 / 3.0
    east += (150.0 * math.sin(x / 12.0 * math.pi) + 300.0 * math.sin(x / 30.0 * math.pi)) * 2.0 / 3.0
    phi = math.radians(lat)
    magic = 1.0 - _EE * math.sin(phi) ** 2
    return (
        math.degrees(east / (_A / math.sqrt(magic) * math.cos(phi))),
        math.degrees(north / (_A * (1.0 - _EE) / (magic * math.sqrt(magic)))),
    )


def to_gcj02(lon: float, lat: float) -> tuple[float, float]:
    """WGS-84 degrees as GCJ-02; outside China both are the same."""
    if not (_WEST <= lon <= _EAST and _SOUTH <= lat <= _NORTH):
        return lon, lat
    east, north = _offset(lon, lat)
    return lon + east, lat + north


def to_wgs84(lon: float, lat: float) -> tuple[float, float]:
    """GCJ-02 degrees as WGS-84, to 1e-7 degrees; outside China both are the same."""
    guess_lon, guess_lat = lon, lat
    for _ in range(12):
        there_lon, there_lat = to_gcj02(guess_lon, guess_lat)
        guess_lon, guess_lat = guess_lon + lon - there_lon, guess_lat + lat - there_lat
        if abs(lon - there_lon) + abs(lat - there_lat) < 1e-9:
            break
    return guess_lon, guess_lat


def skew_seconds(sent_at: datetime | None, now: datetime) -> int:
    """Seconds by which the phone's clock ran ahead when it sent the batch (the way of the message counts against it); 0 when not told."""
    if sent_at is None:
        return 0
    return max(-(2**31), min(2**31 - 1, round((sent_at - now).total_seconds())))


def real_time(at: datetime, skew_s: int) -> datetime:
    """When it really was, by the phone's clock and how far that ran ahead when it sent.

    Only a clock ahead is put right: only a wrong clock can make a message come from the future. One that seems behind may as well be a message that
    waited for a network, so it is noted and the time stays as told.
    """
    if skew_s <= SKEW_NOTED.total_seconds():
        return at
    try:
        return at - timedelta(seconds=skew_s)
    except OverflowError:
        return at


def is_a_place(lon: float, lat: float) -> bool:
    """Whether somebody can be there: not where a phone without a fix puts itself (0, 0), nor beyond 85 degrees, where nobody lives."""
    return not (abs(lon) < 0.01 and abs(lat) < 0.01) and abs(lat) <= 85.0


def is_noted(skew_s: int) -> bool:
    """Whether a skew is large enough to be told."""
    return abs(skew_s) > SKEW_NOTED.total_seconds()


def kept_since(today: date, days: int) -> datetime:
    """The first moment whose point is still kept: so many whole days, today's included."""
    return day_start(today - timedelta(days=days - 1))


def refusal_of_time(at: datetime, sent_at: datetime | None, now: datetime, earliest: datetime) -> Refusal | None:
    """Why a time cannot be taken; None where it can.

    A phone whose battery was empty reports 1970: its record is true, but its time is not. It must set its clock, and keeps its records.
    """
    unset = now - timedelta(days=CLOCK_UNSET_DAYS)
    if at > now + AHEAD_REFUSED:
        return "clock_ahead"
    if at >= earliest:
        return None
    return "clock_unset" if at < unset or (sent_at is not None and sent_at < min(unset, earliest)) else "too_old"
