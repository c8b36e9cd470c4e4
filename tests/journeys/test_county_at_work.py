"""The county at work: one journey from the first sign-in to a partner's proven list, through the gateway over real HTTP, on the county's real ledgers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.houses import Template
from tests.journeys.county import (
    county_data,
    due_tests,
    endings,
    figures,
    gatherings,
    inspections,
    ledgers,
    lists,
    partner,
    people,
    signing_in,
)
from tests.journeys.county.office import Office, open_office


@pytest.fixture
async def office(template: Template) -> AsyncIterator[Office]:
    """The office on its first morning: accounts, and nothing else."""
    async with open_office(template) as opened:
        yield opened


@pytest.mark.slow
async def test_a_county_goes_to_work(office: Office, tmp_path: Path) -> None:
    await signing_in.officers_sign_in_and_out(office)
    await signing_in.machines_sign_in(office)
    await signing_in.nobody_gets_in_unasked(office)
    await signing_in.documents_are_whole(office)

    await county_data.divisions_and_staff_are_loaded(office)

    await ledgers.the_report_comes_before_anything_changes(office)
    await ledgers.what_is_no_workbook_is_answered_with_a_problem(office)
    await ledgers.an_unknown_header_is_asked_for_once(office)
    await ledgers.all_are_taken_over(office)
    await ledgers.contradictions_were_decided_by_a_person(office)
    await ledgers.the_same_file_again_changes_nothing(office)

    person = await people.a_town_finds_its_people(office)
    await county_data.care_teams_are_filled(office, person)
    await people.reads_are_audited_with_their_purpose(office, person)
    await people.another_town_sees_nothing(office, person)
    measure = await people.a_measure_moves_by_its_states(office)

    plan = await due_tests.the_feed_brings_due_tests_to_each_town(office, measure)
    phones = await gatherings.phones_check_in(office)
    alert = await gatherings.a_gathering_is_on_the_stream_within_a_second(office, phones)
    await gatherings.it_is_looked_at_and_closed_with_a_finding(office, alert, phones)

    await figures.the_published_figures_come_out(office)
    bulletin, digests = await figures.the_bulletin_is_published(office, tmp_path)

    agreement = await partner.an_agreement_is_made(office)
    await partner.the_list_is_pulled_and_an_end_arrives_the_same_day(office, agreement, tmp_path)

    await inspections.the_firm_ledgers_are_there(office)
    draw, inspectors = await inspections.firms_are_drawn(office, tmp_path)
    await inspections.a_finding_is_followed_to_its_closing(office, draw, inspectors)

    await lists.every_link_leads_on(office)
    await lists.a_link_keeps_the_filter(office)

    await due_tests.a_positive_is_objected_to_and_goes_to_the_laboratory(office, plan)
    await due_tests.a_missed_day_becomes_an_event_and_an_alert(office)
    await endings.on_the_day_after_the_term_nothing_is_owed(office, agreement)
    await figures.the_bulletin_is_still_the_same(office, bulletin, digests)
