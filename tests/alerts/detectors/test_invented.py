"""How the gathering detector does where nothing was tuned: invented counties with other densities, longitudes, party sizes and habits of reporting."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from services.alerts.detectors.parameters import GatheringParameters
from tests.alerts.detectors.invented import COUNTIES, County, invent
from tests.alerts.detectors.practice import Practice, companies, gathering_alerts, score_gatherings
from tests.boards import Board

TITLE = "scorecard of the detectors in invented counties"
PARAMETERS = GatheringParameters()
EVERYWHERE = pytest.mark.parametrize("county", COUNTIES, ids=lambda county: county.name)


@EVERYWHERE
@pytest.mark.parametrize("talkative", [True, False], ids=["guests report again", "guests report once"])
def test_gatherings_are_found_in_counties_that_nothing_was_tuned_on(county: County, talkative: bool, board: Board) -> None:
    score, kinds = invent(replace(county, talkative=talkative), 21, registered=True).score(PARAMETERS)
    board(TITLE, f"{county.name}, {'guests report again' if talkative else 'guests report once'}: {score}, found {kinds}")
    assert score.recall >= (
        0.95 if talkative else 0.9
    )  # one report each in a long evening may leave no three of them near each other in time
    assert score.precision >= 0.9


@EVERYWHERE
def test_what_it_costs_when_places_that_many_go_to_are_not_registered(county: County, board: Board) -> None:
    """Strangers who meet at a shop that the county has not entered look like guests: the flag is right by its rule, and a person decides."""
    score, _ = invent(county, 22, registered=False).score(PARAMETERS)
    board(TITLE, f"{county.name}, nobody registered its {county.shops} shops: {score}")
    assert score.recall >= 0.92


def test_a_larger_or_smaller_radius_and_window_do_not_change_the_picture(board: Board) -> None:
    """Numbers that were tuned too finely to one set would fall off at once on another."""
    made = invent(COUNTIES[0], 23, registered=True)
    for radius_m, minutes in ((60.0, 90), (80.0, 90), (100.0, 90), (80.0, 75), (80.0, 120)):
        other = replace(PARAMETERS, radius_m=radius_m, window=timedelta(minutes=minutes), together_within=timedelta(minutes=minutes))
        score, _ = made.score(other)
        board(TITLE, f"{COUNTIES[0].name}, radius {radius_m:.0f} m, window {minutes} minutes: {score}")
        assert score.recall >= 0.9
        assert score.precision >= 0.85


def test_companies_that_move_on_cost_the_practice_set_nothing(practice: Practice) -> None:
    alerts = list(gathering_alerts(practice.checkins, practice.learned(PARAMETERS), PARAMETERS).values())
    before = score_gatherings(alerts, practice.truth["gatherings"])
    after = score_gatherings(companies(alerts, PARAMETERS), practice.truth["gatherings"])
    assert (after.recall, after.precision) >= (before.recall, before.precision)
