"""The types that every detector uses: a check-in, a reason, a distance. Standard library only.

A detector flags, a person decides: nothing here returns a score of a person, and no result is evidence of a breach
(PIPL art. 24 §3; NCL art. 52). What a detector knows of a person is what its caller passes in, for one call or one run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Literal

GatheringChangeKind = Literal["raised", "grown"]


FlowKind = Literal["silent_absence", "joint_exit", "night_round_trips", "burst", "new_route"]


EARTH_RADIUS_M = 6_371_008.8
"""Mean radius of the Earth in metres (IUGG R1); the sphere is off by at most 0.6 %, far below the error of a phone."""

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
"""Fixed offset: China has had no summer time since 1991, and days are counted there."""


@dataclass(frozen=True, slots=True)
class CheckIn:
    """One person's report of where they were: `at` aware, WGS-84 degrees, accuracy in metres (radius, 68 %).

    `source` is `app` (the person's own phone), `worker` (a visit), `station` (a terminal at a station) or `partner` (a co-managing county).
    """

    checkin_id: str
    person_id: str
    at: datetime
    lon: float
    lat: float
    accuracy_m: float
    source: str = "app"

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError("a check-in's time must carry its offset")
        if not (-180.0 <= self.lon <= 180.0 and -90.0 <= self.lat <= 90.0):
            raise ValueError("a check-in's position must lie on the Earth")
        if not self.accuracy_m >= 0.0:
            raise ValueError("a check-in's accuracy must be zero or more metres")


@dataclass(frozen=True, slots=True)
class Reason:
    """One step of an explanation: a code and the numbers behind it. Numbers only: who may see which persons is not decided here."""

    code: str
    numbers: Mapping[str, float | int | str]

    def text(self, language: str = "zh") -> str:
        """The sentence for people, `zh` or `en`. Raises KeyError for a code that has no sentence."""
        return SENTENCES[self.code][0 if language == "zh" else 1].format(**self.numbers)


SENTENCES: Mapping[str, tuple[str, str]] = {
    "persons_together": (
        "{within_minutes}分钟内有{persons}人、{units}户先后在此出现（标准：{minimum}户）",
        "{persons} persons of {units} households were here within {within_minutes} minutes (minimum {minimum} households)",
    ),
    "duration": ("持续至少{minutes}分钟（标准：{minimum}分钟）", "it lasted at least {minutes} minutes (minimum {minimum})"),
    "spread": (
        "彼此相距约{metres}米以内（标准：{radius}米）",
        "within about {metres} metres of one centre (linking radius {radius} metres)",
    ),
    "place_unexplained": (
        "不在本人住所、工作单位、站点、公共场所或已报备活动地点",
        "no own home or workplace, station, public place or announced event of theirs",
    ),
    "moved_on": (
        "同一批人在相近时间先后于不同地点聚集：共{persons}人，前后{minutes}分钟",
        "the same company at one place after another: {persons} persons in all over {minutes} minutes",
    ),
    "out_days": (
        "{days}天内有{out_days}天出县（平时每周{habit_per_week}天）",
        "out of the county on {out_days} of {days} days (habit: {habit_per_week} days a week)",
    ),
    "departures": ("其间往返{departures}次", "{departures} departures in that time"),
    "night_trips": (
        "{days}天内有{nights}夜出县（平时每周{habit_per_week}夜）",
        "{nights} nights out in {days} days (habit: {habit_per_week} a week)",
    ),
    "new_destination": (
        "{days}天内{visits}天前往{destination}（此前{habit_days}天内去过{before}天）",
        "{destination} on {visits} of {days} days ({before} of the {habit_days} days before)",
    ),
    "silence": (
        "最后一次签到在县外（{destination}），此后{silent_days}天无签到（平时最长间隔{longest_gap_days}天）",
        "last seen out of the county ({destination}), then {silent_days} days without a check-in (longest gap before: {longest_gap_days} days)",
    ),
    "joint_exit": (
        "{within_minutes}分钟内另有{others}人当晚前往{destination}且未返回，平时每周{habit_per_week}晚",
        "{others} more left for {destination} the same evening within {within_minutes} minutes and did not return (habit: {habit_per_week} a week)",
    ),
    "chance": (
        "按本人平时习惯，偶然出现的概率不高于{probability}",
        "by the person's own habit this happens by chance with probability {probability} at most",
    ),
    "unannounced": ("没有外出报告覆盖这段时间", "no absence report covers this time"),
}


def distance_m(lon_a: float, lat_a: float, lon_b: float, lat_b: float) -> float:
    """Great-circle distance in metres (haversine: exact for small distances, at the poles and across the date line)."""
    phi_a, phi_b = math.radians(lat_a), math.radians(lat_b)
    half_phi, half_lambda = (phi_b - phi_a) / 2.0, math.radians(lon_b - lon_a) / 2.0
    chord = math.sin(half_phi) ** 2 + math.cos(phi_a) * math.cos(phi_b) * math.sin(half_lambda) ** 2
    return 2.0 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(chord)))
