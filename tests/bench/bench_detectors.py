"""How fast the detectors are, and whether their scores hold on sets made with other seeds.

usage: python -m tests.bench.bench_detectors [--seeds 16 17 ...]

Speeds are given beside a brute-force check of the same stream in the same run (each check-in against all of the window), because a ratio carries
from machine to machine and a number of events a second does not. Nothing explains a check-in in the speed runs, so every one is looked at.

Measured with the parameters of 2021-04-01 on 2 shared cores. Seed 11 is the practice set: its tuning half settled the first numbers; seeds 12 to 15
were looked at while the flow numbers were settled; 16 to 18 only afterwards. Gatherings were never tuned beyond the
tuning half. Said aloud: the generator was read before the rules were written, it plants nothing in the first eight days (newcomers are left alone for
seven) nor before day 30 for flow, and the other half's flow score (14 of 18 alerts right then) was seen before the last change of numbers.

| seed | gatherings: recall, precision | flow by recorded county | flow by nearest centre |
|---|---|---|---|
| 11 | 1.000, 0.952 (other half alone 1.000, 0.900) | 1.000, 1.000 | 1.000, 1.000 |
| 12 | 0.925, 1.000 | 1.000, 0.967 | 1.000, 0.967 |
| 13 | 1.000, 1.000 | 1.000, 0.967 | 1.000, 0.906 |
| 14 | 1.000, 1.000 | 1.000, 0.935 | 1.000, 0.935 |
| 15 | 0.950, 0.974 | 1.000, 0.967 | 1.000, 0.967 |
| 16 | 1.000, 1.000 | 1.000, 1.000 | 1.000, 1.000 |
| 17 | 1.000, 0.976 | 1.000, 0.967 | 1.000, 0.906 |
| 18 | 1.000, 0.976 | 0.960, 0.966 | 0.960, 1.000 |

The five gatherings missed in seeds 12 and 15: four were planted twice at once for one circle, whose check-ins the generator then removed; one was a
crew of one workplace by day, which is excused on purpose. The sets come from one generator, so they show that the numbers do not hang on its dice,
not that people behave like it.

| stream, nothing explained | check-ins/s, p99 | held | ratio to brute force |
|---|---|---|---|
| as it is | 31,000, 90 us | 646 | 7 |
| ten times as dense | 13,000, 270 us | 6,200 | 15 |
| fifty times as dense | 16,000, 300 us | 22,000 | 45 |
| as it is, with homes, places and events | 204,000, 24 us | below 60 | - |

Memory: about 1,070 bytes for a held check-in. Flow: 10,000 persons/s with 166 check-ins each.
"""

from __future__ import annotations

import argparse
import math
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from services.alerts.detectors.flow import detect_flow
from services.alerts.detectors.gathering import GatheringDetector
from services.alerts.detectors.movements import PersonHistory, sightings_of
from services.alerts.detectors.parameters import FlowParameters, GatheringParameters
from services.alerts.detectors.places import GatheringContext
from services.alerts.detectors.rules import CheckIn
from tests.alerts.detectors import practice as practices
from tests.alerts.detectors.practice import COUNTY, FOLDER, Practice, load


def brute_force(checkins: Sequence[CheckIn], parameters: GatheringParameters) -> tuple[int, float]:
    """Pairs in reach, each check-in measured against all of the retained window; seconds."""
    window, pairs, start = deque[tuple[CheckIn, float, float, float]](), 0, time.perf_counter()
    chord2 = (2.0 * math.sin(parameters.radius_m / 6_371_008.8 / 2.0)) ** 2
    keep = parameters.lateness + parameters.window
    for checkin in checkins:
        while window and window[0][0].at < checkin.at - keep:
            window.popleft()
        phi, lam = math.radians(checkin.lat), math.radians(checkin.lon)
        x, y, z = math.cos(phi) * math.cos(lam), math.cos(phi) * math.sin(lam), math.sin(phi)
        for other, ox, oy, oz in window:
            if (x - ox) ** 2 + (y - oy) ** 2 + (z - oz) ** 2 <= chord2 and checkin.at - other.at <= parameters.window:
                pairs += 1
        window.append((checkin, x, y, z))
    return pairs, time.perf_counter() - start


def incremental(
    checkins: Sequence[CheckIn], context: GatheringContext, parameters: GatheringParameters
) -> tuple[GatheringDetector, float, float]:
    """The detector after the stream, seconds for all, and the 99th percentile of one check-in in microseconds."""
    detector, times, clock = GatheringDetector(parameters, context), list[float](), time.perf_counter
    start = clock()
    for checkin in checkins:
        before = clock()
        detector.observe(checkin)
        times.append(clock() - before)
    seconds = clock() - start
    return detector, seconds, sorted(times)[int(len(times) * 0.99)] * 1e6


def compressed(practice: Practice, factor: int, days: int) -> list[CheckIn]:
    """`days` of the set played `factor` times as fast by day: as many check-ins an hour as a county that many times as large, on the same ground."""
    first = practice.first_day
    return [replace(c, at=first + (c.at - first) / factor) for c in practice.checkins if (c.at - first).days < days]


def bench_gatherings(practice: Practice) -> None:
    """Events a second against brute force, then with everything the county knows, then memory."""
    parameters = GatheringParameters()
    open_parameters = replace(parameters, minimum_units=1_000_000)  # only linking is compared: brute force raises no alerts either
    for name, checkins in (
        ("as it is", compressed(practice, 1, 20)),
        ("x10", compressed(practice, 10, 20)),
        ("x50", compressed(practice, 50, 20)),
    ):
        detector, seconds, worst = incremental(checkins, GatheringContext(), open_parameters)
        _, slow = brute_force(checkins, parameters)
        rate = len(checkins) / seconds
        print(
            f"density {name}: {rate:,.0f} check-ins/s, p99 {worst:.0f} us, {len(detector):,} held; brute force {len(checkins) / slow:,.0f}/s, ratio {slow / seconds:.1f}"
        )
    learned = practice.learned(parameters)
    _, seconds, worst = incremental(practice.checkins, learned, parameters)
    print(f"with homes, places and events: {len(practice.checkins) / seconds:,.0f} check-ins/s, p99 {worst:.0f} us")
    crowd = compressed(practice, 50, 90)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    detector = GatheringDetector(open_parameters, GatheringContext())
    for checkin in crowd:
        detector.observe(checkin)
    held = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    print(f"memory: {held / 1e6:.1f} MB for {len(detector):,} held check-ins, {held / max(1, len(detector)):,.0f} bytes each")


def bench_flow(practice: Practice) -> None:
    """Calls a second of `detect_flow` on full histories."""
    parameters, resolve = FlowParameters(), practice.recorded_county()
    histories = [PersonHistory(p, COUNTY, sightings_of(c, resolve, parameters)) for p, c in practice.by_person().items()]
    as_of = practice.checkins[-1].at
    start = time.perf_counter()
    for history in histories:
        detect_flow(history, as_of, parameters)
    seconds = time.perf_counter() - start
    print(f"flow: {len(histories) / seconds:,.0f} persons/s with {len(practice.checkins) // len(histories)} check-ins each")


def score(practice: Practice, name: str) -> None:
    """Both scorecards of a whole set."""
    parameters = GatheringParameters()
    gatherings = practices.gathering_alerts(practice.checkins, practice.learned(parameters), parameters).values()
    print(f"{name} gatherings: {practices.score_gatherings(list(gatherings), practice.truth['gatherings'])}")
    for how, resolve in (("recorded county", practice.recorded_county()), ("nearest centre", practice.nearest_county())):
        flow, _ = practices.score_flow(practices.flow_alerts(practice, resolve, FlowParameters()), practice.truth["flow_anomalies"])
        print(f"{name} flow by {how}: {flow}")


def made_with(seed: int, folder: Path) -> Practice:
    """Another set from the same generator."""
    subprocess.run(
        [sys.executable, str(FOLDER / "make_checkins.py"), "--seed", str(seed), "--out", str(folder)], check=True, capture_output=True
    )
    return load(folder)


def main() -> None:
    """Runs everything."""
    arguments = argparse.ArgumentParser(description="Speed, memory and scores of the detectors.")
    arguments.add_argument("--seeds", type=int, nargs="*", default=[])
    chosen = arguments.parse_args()
    practice = load()
    bench_gatherings(practice)
    bench_flow(practice)
    score(practice, "seed 11")
    for seed in chosen.seeds:
        with tempfile.TemporaryDirectory() as folder:
            score(made_with(seed, Path(folder)), f"seed {seed}")


if __name__ == "__main__":
    main()
