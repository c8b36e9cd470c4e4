"""Detectors: pure rules that turn check-ins into gatherings and unusual departures, with their reasons.

- `rules`: check-in, reason, distance. `parameters`: dated numbers with their reasons.
- `gathering`: `GatheringDetector.observe(checkin)`, one instance per county; `places`: what it is told; `habits`: what it learns each night.
- `flow`: `detect_flow(history, as_of, parameters, others)`, at a person's check-in and once a day; `movements`, `counties`: how it reads a history.

A detector never writes, never asks and never keeps anything about a person beyond its window: its result is a prompt to a worker, not
evidence of a breach, and it changes nobody's status. Speed and scores: `tests/bench/bench_detectors.py`.
"""
