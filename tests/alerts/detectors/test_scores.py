"""How well the detectors do on the planted events: numbers of `parameters.py` were settled on the tuning half and are shown on both."""

from __future__ import annotations

import pytest

from services.alerts.detectors.flow import FlowAnomaly
from services.alerts.detectors.gathering import Gathering
from services.alerts.detectors.parameters import FlowParameters, GatheringParameters
from tests.alerts.detectors import practice as practices
from tests.alerts.detectors.practice import Practice
from tests.boards import Board

HALVES = pytest.mark.parametrize("half", [0, 1], ids=["tuning half", "other half"])


@pytest.fixture(scope="module")
def gatherings(practice: Practice) -> list[Gathering]:
    parameters = GatheringParameters()
    return list(practices.gathering_alerts(practice.checkins, practice.learned(parameters), parameters).values())


@pytest.fixture(scope="module", params=["recorded county", "nearest centre"])
def anomalies(practice: Practice, request: pytest.FixtureRequest) -> tuple[str, list[FlowAnomaly]]:
    resolve = practice.recorded_county() if request.param == "recorded county" else practice.nearest_county()
    return request.param, practices.flow_alerts(practice, resolve, FlowParameters())


@HALVES
def test_planted_gatherings_are_found_with_few_false_alarms(
    practice: Practice, gatherings: list[Gathering], half: int, board: Board
) -> None:
    middle = practices.first_half_of_days(practice)
    alerts = [g for g in gatherings if (g.first_at >= middle) == bool(half)]
    events = [e for e in practice.truth["gatherings"] if (practices.datetime.fromisoformat(e["start"]) >= middle) == bool(half)]
    score = practices.score_gatherings(alerts, events)
    board("scorecard of the detectors", f"gatherings, {('days 1-45', 'days 46-90')[half]}: {score}")
    assert score.recall >= 0.95
    assert score.precision >= 0.9


@pytest.mark.slow
@HALVES
def test_planted_flow_anomalies_are_found_with_few_false_alarms(
    practice: Practice, anomalies: tuple[str, list[FlowAnomaly]], half: int, board: Board
) -> None:
    alerts = [a for a in anomalies[1] if practices.half_of_person(practice, a.person_id) == half]
    events = [e for number, e in enumerate(practice.truth["flow_anomalies"]) if number % 2 == half]
    score, kinds = practices.score_flow(alerts, events)
    board("scorecard of the detectors", f"flow by {anomalies[0]}, {('tuning', 'other')[half]} half: {score}, found {dict(kinds)}")
    assert score.recall >= 0.9
    assert score.precision >= 0.85


@pytest.mark.slow
def test_nobody_who_commutes_daily_is_flagged_for_it(practice: Practice, anomalies: tuple[str, list[FlowAnomaly]]) -> None:
    commuters = set(practice.truth["hard_negatives"]["commuters"])
    assert [a.person_id for a in anomalies[1] if a.person_id in commuters] == []


def test_learning_from_data_is_what_silences_the_commuters(practice: Practice, board: Board) -> None:
    parameters = GatheringParameters()
    unlearned = practices.gathering_alerts(practice.checkins, practice.context, parameters)
    score = practices.score_gatherings(list(unlearned.values()), practice.truth["gatherings"])
    board("scorecard of the detectors", f"gatherings without learned places, all days: {score}")
    assert score.recall == 1.0
    assert score.precision < 0.6
