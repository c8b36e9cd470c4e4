"""The law as a table: which step exists from which state, what its guard asks, and what cannot be expressed at all."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.steps.machine import START
from services.registry.measures import rules
from services.registry.measures.rules import terms
from services.registry.measures.rules.declared import LAW, POLICE
from services.registry.measures.rules.guards import Facts, Given, Refused
from services.registry.measures.rules.states import COMMUNITY, KINDS, OPEN, STATES, runs_on, state_on
from services.registry.measures.rules.transitions import EVENTS, MACHINE, beginning, find, possible

TODAY = date(2026, 1, 5)
TRANSITIONS = [step for step in MACHINE.steps if step.roles and START not in step.origins]
"""What somebody records of a measure that has begun."""
CT, CR, IS = "community_treatment", "community_rehabilitation", "compulsory_isolation_treatment"


def every_day(day: date) -> bool:
    """A calendar without rest days."""
    return True


def active(kind: str = CT, **more: object) -> Facts:
    """A community measure that runs from 2024-03-01 to 2027-03-01."""
    values: dict[str, object] = {
        "kind": kind,
        "state": "active",
        "division_code": "610822100000",
        "ordered_on": date(2024, 2, 1),
        "served_on": date(2024, 2, 20),
        "report_in_due": date(2024, 3, 6),
        "reported_in_on": date(2024, 3, 1),
        "term_start": date(2024, 3, 1),
        "term_end": date(2027, 3, 1),
        "term_months": 36,
    }
    return Facts(**{**values, **more})  # pyright: ignore[reportArgumentType] - a test's short form


def isolated(**more: object) -> Facts:
    """An isolation that runs from 2025-01-10 to 2027-01-10."""
    values: dict[str, object] = {
        "kind": IS,
        "state": "isolation_active",
        "division_code": "610822100000",
        "ordered_on": date(2025, 1, 10),
        "term_start": date(2025, 1, 10),
        "term_end": date(2027, 1, 10),
        "term_months": 24,
    }
    return Facts(**{**values, **more})  # pyright: ignore[reportArgumentType] - a test's short form


def waiting(kind: str = CT, **more: object) -> Facts:
    """Served on 2025-12-01, due on the 16th."""
    values: dict[str, object] = {
        "kind": kind,
        "state": "awaiting_report_in",
        "division_code": "610822100000",
        "ordered_on": date(2025, 11, 20),
        "served_on": date(2025, 12, 1),
        "report_in_due": date(2025, 12, 16),
        "term_months": 36,
    }
    return Facts(**{**values, **more})  # pyright: ignore[reportArgumentType] - a test's short form


def on(day: str, **more: object) -> Given:
    """What was given for a step on a day."""
    return Given(on=date.fromisoformat(day), **more)  # pyright: ignore[reportArgumentType] - a test's short form


HAPPENS: list[tuple[str, Facts, str, Given, str]] = [
    ("T2 DRR art. 14", Facts(CT, "ordered", "6", ordered_on=date(2025, 11, 20)), "serve", on("2025-12-01"), "awaiting_report_in"),
    ("T3 DRR art. 14 on the last day", waiting(), "report_in", on("2025-12-16"), "active"),
    ("T3 DRR art. 14 late with a good reason", waiting(), "report_in", on("2025-12-20", good_reason="住院"), "active"),
    ("T4 DRR art. 14, 21", waiting(), "confirm_refusal", on("2025-12-17", contact_attempts=1, confirmed_by="P2"), "refused"),
    ("T5 DRR art. 16", active(), "sign_agreement", on("2025-01-03"), "active"),
    ("T6 NCL art. 35", active(), "admonish", on("2025-01-03", reason="无故缺席"), "active"),
    ("T7 DRR art. 20: three tests", active(), "report_serious_breach", on("2025-01-03", evaded_tests=3, statement="有事"), "reported_serious_breach"),
    ("T7 DRR art. 20: three departures", active(), "report_serious_breach", on("2025-01-03", departures=3, statement="有事"), "reported_serious_breach"),
    ("T7 DRR art. 20: 31 days", active(), "report_serious_breach", on("2025-01-03", absence_days=31, statement="有事"), "reported_serious_breach"),
    ("T8 NCL art. 35", active(), "report_reuse", on("2025-01-03", finding_no="认字1号"), "reported_reuse"),
    ("T9 NCL art. 38", active(state="refused"), "decide_isolation", on("2025-02-03", ground="refused_community_treatment", order_no="1", order_organ="县局"), "converted_to_isolation"),
    ("T9 after rehabilitation", active(CR, state="reported_reuse"), "decide_isolation", on("2025-02-03", ground="used_again_afterwards", order_no="1", order_organ="县局"), "converted_to_isolation"),
    ("T10 back to active", active(state="reported_reuse"), "decide_against_isolation", on("2025-02-03", reason="证据不足"), "active"),
    ("T10 back to waiting", waiting(state="refused"), "decide_against_isolation", on("2025-12-20", reason="未送达本人"), "awaiting_report_in"),
    ("T11 DRR art. 22", active(), "begin_transfer", on("2025-02-03", division_code="610822105000"), "transfer_pending"),
    ("T12 DRR art. 22", active(state="transfer_pending", transfer_to="610822105000", transfer_due=date(2025, 2, 18)), "report_in_at_new_place", on("2025-02-18"), "active"),
    ("T13 DRR art. 24 §2", active(), "suspend", on("2025-02-03", document_no="拘1号"), "suspended"),
    ("T14 DRR art. 24 §2", active(state="suspended", suspended_on=date(2025, 2, 3)), "resume", on("2025-03-05"), "active"),
    ("T15 DRR art. 24 §1", active(state="suspended", suspended_on=date(2025, 2, 3)), "terminate", on("2025-03-05", document_no="判1号"), "terminated"),
    ("T15 DRR art. 24 §1: before reporting in", waiting(), "terminate", on("2025-12-05", document_no="判1号"), "terminated"),
    ("T15 DRR art. 24 §1: while the police decide", active(state="reported_reuse"), "terminate", on("2025-12-05", document_no="判1号"), "terminated"),
    ("T13 DRR art. 24 §2: on the way to a new place", active(state="transfer_pending", transfer_to="610822105000", transfer_due=date(2025, 2, 18)), "suspend", on("2025-02-10", document_no="拘1号"), "suspended"),
    ("T14 DRR art. 24 §2: back on the way", active(state="suspended", suspended_on=date(2025, 2, 10), transfer_to="610822105000", transfer_due=date(2025, 2, 18)), "resume", on("2025-02-20"), "transfer_pending"),
    ("T9 NCL art. 38 §2", active(state="reported_reuse"), "decide_isolation", on("2025-02-03", ground="seriously_addicted", addiction="seriously_addicted", order_no="1", order_organ="县局"), "converted_to_isolation"),
    ("R3 back to waiting", waiting(CR, state="breach_reported"), "close_breach", on("2025-12-20", reason="未送达本人"), "awaiting_report_in"),
    ("T16 DRR art. 23", active(term_end=date(2026, 1, 5)), "expire", on("2026-01-05"), "discharged"),
    ("T16 DRR art. 23: the notice", active(state="discharged", term_end=date(2026, 1, 5)), "serve_discharge_notice", on("2026-01-05", document_no="解1号"), "discharged"),
    ("T17", active(), "die", on("2025-03-05", document_no="证1号"), "closed_death"),
    ("T18", active(), "revoke", on("2025-03-05", document_no="复议1号"), "revoked"),
    ("I2 NCL art. 47", isolated(ordered_on=date(2024, 6, 1), term_start=date(2024, 6, 1), done={"propose_early_release": date(2025, 12, 1)}), "release_early", on("2025-12-05", document_no="1"), "released"),
    ("I2 DRR art. 33: the facility proposes", isolated(ordered_on=date(2024, 6, 1), term_start=date(2024, 6, 1)), "propose_early_release", on("2025-12-01", document_no="1"), "isolation_active"),
    ("I3 DRR art. 33: the facility proposes", isolated(), "propose_extension", on("2025-12-01", document_no="1"), "isolation_active"),
    ("I3 NCL art. 47", isolated(done={"propose_extension": date(2025, 12, 1)}), "extend", on("2025-12-01", document_no="1", until=date(2028, 1, 10)), "isolation_active"),
    ("I4 DRR art. 31: the facility proposes", isolated(), "propose_change", on("2025-11-28", document_no="1", reason="所外就医"), "isolation_active"),
    ("I4 DRR art. 31", isolated(done={"propose_change": date(2025, 11, 28)}), "change_to_community", on("2025-12-01", document_no="1", division_code="610822100000"), "ended"),
    ("I5 DRR art. 32", isolated(), "escape", on("2025-12-01"), "escaped"),
    ("I5 DRR art. 32: caught again", isolated(state="escaped", suspended_on=date(2025, 11, 1)), "recapture", on("2025-12-01"), "isolation_active"),
    ("I6 DRR art. 36", isolated(), "note_custody", on("2025-12-01", document_no="1"), "isolation_active"),
    ("I1 NCL art. 40: served", isolated(), "serve", on("2025-01-10"), "isolation_active"),
    ("I1 DRR art. 27: the family is told", isolated(), "notify_family", on("2025-01-11"), "isolation_active"),
    ("I7 DRR art. 34: the facility announces", isolated(), "announce_release", on("2025-12-31"), "isolation_active"),
    ("I7 DRR art. 34", isolated(term_end=date(2026, 1, 5)), "expire", on("2026-01-05"), "released"),
    ("R1 DRR art. 38", Facts(CR, "ordered", "6", ordered_on=date(2025, 11, 20)), "serve", on("2025-12-01"), "awaiting_report_in"),
    ("R2 DRR art. 38", waiting(CR), "report_in", on("2025-12-16"), "active"),
    ("R3 DRR art. 38 §2", active(CR), "report_breach", on("2025-03-05", reason="拒绝", statement="不愿"), "breach_reported"),
    ("R4 DRR art. 40", active(CR, term_end=date(2026, 1, 5)), "expire", on("2026-01-05"), "discharged"),
    ("R5 DRR art. 7", isolated(state="released"), "close_without_order", on("2025-12-05", reason="未责令"), "ended"),
    ("V2 DRR art. 10", Facts("voluntary_treatment", "active", "6", term_start=date(2025, 1, 1)), "leave", on("2025-12-05"), "ended"),
]  # fmt: skip


@pytest.mark.parametrize(("facts", "event", "given", "target"), [row[1:] for row in HAPPENS], ids=[row[0] for row in HAPPENS])
def test_the_law_knows_this_step(facts: Facts, event: str, given: Given, target: str) -> None:
    decision = rules.decide(facts, event, given, TODAY, every_day)
    assert decision.changes["state"] == target
    assert decision.step.source
    assert decision.step.document


REFUSED: list[tuple[str, Facts, str, Given, str]] = [
    ("DRR art. 14: late without a reason", waiting(), "report_in", on("2025-12-17"), "late_without_reason"),
    ("DRR art. 14: no refusal on the last day", waiting(), "confirm_refusal", on("2025-12-16", contact_attempts=3, confirmed_by="P2"), "not_due_yet"),
    ("DRR art. 14: nobody tried to reach the person", waiting(), "confirm_refusal", on("2025-12-17"), "no_contact_attempt"),
    ("domain 13 row 4: one person alone confirms no refusal", waiting(), "confirm_refusal", on("2025-12-17", contact_attempts=1), "second_person_required"),
    ("domain 13 row 4: nor twice the same", waiting(), "confirm_refusal", on("2025-12-17", contact_attempts=1, confirmed_by="P1", recorder=frozenset({"P1"})), "second_person_required"),
    ("DRR art. 25: who decided?", active(state="reported_reuse"), "decide_isolation", on("2025-03-05", ground="used_during_community_treatment", order_no="1"), "order_required"),
    ("DRR art. 14: a good reason is no refusal", waiting(), "confirm_refusal", on("2025-12-17", contact_attempts=1, confirmed_by="P2", good_reason="住院"), "good_reason"),
    ("DRR art. 20: two tests and 30 days are not enough", active(), "report_serious_breach", on("2025-03-05", evaded_tests=2, departures=2, absence_days=30, statement="有事"), "below_statutory_count"),
    ("APL art. 44: unheard", active(), "report_serious_breach", on("2025-03-05", evaded_tests=3), "statement_required"),
    ("NCL art. 35: a strip is no finding", active(), "report_reuse", on("2025-03-05"), "finding_required"),
    ("NCL art. 38: no ground", active(state="refused"), "decide_isolation", on("2025-03-05", order_no="1", order_organ="县局"), "ground_required"),
    ("NCL art. 39: pregnant", active(state="reported_serious_breach"), "decide_isolation", on("2025-03-05", ground="serious_breach", order_no="1", order_organ="县局", bar="pregnant"), "barred"),
    ("NCL art. 39: under sixteen", active(state="reported_serious_breach"), "decide_isolation", on("2025-03-05", ground="serious_breach", order_no="1", order_organ="县局", age=15), "minor_needs_reason"),
    ("DRR art. 38 §2: a breach of rehabilitation is no ground", active(CR, state="reported_reuse"), "decide_isolation", on("2025-03-05", ground="serious_breach", order_no="1", order_organ="县局"), "ground_required"),
    ("NCL art. 47: not before a year", isolated(done={"propose_early_release": date(2026, 1, 2)}), "release_early", on("2026-01-05", document_no="1"), "one_year_first"),
    ("DRR art. 32: an escapee", isolated(term_start=date(2024, 6, 1), ordered_on=date(2024, 6, 1), escaped_once=True, done={"propose_early_release": date(2025, 12, 1)}), "release_early", on("2025-12-05", document_no="1"), "escaped"),
    ("NCL art. 47: more than a year longer", isolated(done={"propose_extension": date(2025, 12, 1)}), "extend", on("2025-12-01", document_no="1", until=date(2028, 1, 11)), "longer_than_a_year"),
    ("NCL art. 47: not released before the term is over", isolated(), "expire", on("2026-01-05"), "term_not_over"),
    ("NCL art. 38: a refusal is no breach", waiting(state="refused"), "decide_isolation", on("2025-12-20", ground="serious_breach", order_no="1", order_organ="县局"), "ground_required"),
    ("NCL art. 38: a breach is no re-use", active(state="reported_serious_breach"), "decide_isolation", on("2025-03-05", ground="used_during_community_treatment", order_no="1", order_organ="县局"), "ground_required"),
    ("NCL art. 38 §2: no finding of serious addiction", active(state="reported_reuse"), "decide_isolation", on("2025-03-05", ground="seriously_addicted", addiction="addicted", order_no="1", order_organ="县局"), "serious_finding_required"),
    ("DRR art. 33: no early release without a proposal", isolated(ordered_on=date(2024, 6, 1), term_start=date(2024, 6, 1)), "release_early", on("2025-12-05", document_no="1"), "proposal_required"),
    ("DRR art. 33: no extension without a proposal", isolated(), "extend", on("2025-12-05", document_no="1", until=date(2028, 1, 10)), "proposal_required"),
    ("DRR art. 31: no change without a proposal", isolated(done={"propose_change": date(2025, 12, 6)}), "change_to_community", on("2025-12-05", document_no="1", division_code="610822100000"), "proposal_required"),
    ("NCL art. 47: no proposal before a year", isolated(), "propose_early_release", on("2026-01-05", document_no="1"), "one_year_first"),
    ("NCL art. 40: served once", isolated(served_on=date(2025, 1, 10)), "serve", on("2025-01-11"), "already_served"),
    ("DRR art. 23: the notice is served once", active(state="discharged", term_end=date(2026, 1, 1), done={"serve_discharge_notice": date(2026, 1, 3)}), "serve_discharge_notice", on("2026-01-05", document_no="1"), "already_recorded"),
    ("a decision before the report", active(state="reported_reuse", entered_on=date(2025, 6, 1)), "decide_isolation", on("2025-05-31", ground="used_during_community_treatment", order_no="1", order_organ="县局"), "date_before_last_step"),
    ("an arrival before the departure", active(state="transfer_pending", transfer_to="610822105000", transfer_due=date(2025, 6, 16), entered_on=date(2025, 6, 1)), "report_in_at_new_place", on("2025-05-31"), "date_before_last_step"),
    ("DRR art. 23: the law does not discharge early", active(), "expire", on("2026-01-05"), "term_not_over"),
    ("DRR art. 24: no custody notice", active(), "suspend", on("2025-03-05"), "document_required"),
    ("DRR art. 22: the same place", active(), "begin_transfer", on("2025-03-05", division_code="610822100000"), "same_place"),
    ("a day in the future", active(), "admonish", on("2026-01-06", reason="x"), "date_future"),
    ("a day before the last step", active(), "admonish", on("2024-02-28", reason="x"), "date_before_last_step"),
]  # fmt: skip


@pytest.mark.parametrize(("facts", "event", "given", "code"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_the_law_refuses(facts: Facts, event: str, given: Given, code: str) -> None:
    with pytest.raises(Refused) as caught:
        rules.decide(facts, event, given, TODAY, every_day)
    assert caught.value.code == code


def test_community_treatment_can_be_neither_shortened_nor_extended() -> None:
    for state in STATES:
        names = {t.event for t in possible(CT, state)}
        assert names.isdisjoint({"release", "release_early", "extend", "discharge_early", "approve_absence"})
    assert not [
        t
        for t in TRANSITIONS
        if t.kinds & set(COMMUNITY) and t.target == "discharged" and "term_over" not in t.guards and t.origins != {"discharged"}
    ]
    assert rules.first_changes(CT, Given(on=TODAY, term_months=12))["term_months"] == 36


def test_nothing_leads_from_a_refused_rehabilitation_to_isolation() -> None:
    assert find(CR, "breach_reported", "decide_isolation") is None
    for state in ("ordered", "awaiting_report_in", "breach_reported", "refused"):
        assert "converted_to_isolation" not in {t.target for t in possible(CR, state)}
    with pytest.raises(rules.NotDeclared):
        rules.decide(
            active(CR, state="breach_reported"),
            "decide_isolation",
            on("2025-03-05", ground="serious_breach", order_no="1", order_organ="县局"),
            TODAY,
            every_day,
        )


def test_no_machine_records_anything_but_the_end_of_a_term() -> None:
    assert {t.event for t in TRANSITIONS if t.roles & LAW} == {"expire"}
    for kind in (CT, CR, IS):
        assert beginning(kind).roles == POLICE


def test_every_step_names_known_words() -> None:
    for t in TRANSITIONS:
        assert t.kinds
        assert t.kinds <= set(KINDS)
        assert t.document
        annuls = t.event == "revoke"  # also what is over already (T18)
        assert (t.says == "ended") == ((t.origins <= set(OPEN) or annuls) and not set(t.targets) & set(OPEN))
    assert "expire" in EVENTS


@pytest.mark.parametrize(
    ("kind", "given", "code"),
    [
        (CT, on("2025-12-01", order_no="1", order_organ="府谷县公安局"), "finding_required"),
        (CT, on("2025-12-01", addiction="addicted"), "order_required"),
        (IS, on("2025-12-01", order_no="1", order_organ="县局", addiction="addicted"), "ground_required"),
        (IS, on("2025-12-01", order_no="1", order_organ="县局", ground="used_again_afterwards"), "finding_required"),
        (
            IS,
            on("2025-12-01", order_no="1", order_organ="县局", ground="seriously_addicted", addiction="addicted"),
            "serious_finding_required",
        ),
        (CR, on("2025-12-01", order_no="1", order_organ="县局", term_months=36, released_on=date(2022, 12, 1)), "three_years_over"),
        (
            CR,
            on("2025-12-01", order_no="1", order_organ="县局", term_months=36, released_on=date(2025, 11, 1), isolation_organ="市局"),
            "other_organ",
        ),
        (CR, on("2025-12-01", order_no="1", order_organ="县局", term_months=36), "release_first"),
        (CR, on("2025-12-01", order_no="1", order_organ="县局", term_months=37, released_on=date(2025, 11, 1)), "term_too_long"),
        (CT, on("2026-01-06", order_no="1", order_organ="县局", addiction="addicted"), "date_future"),
    ],
)
def test_an_order_needs_what_the_law_asks(kind: str, given: Given, code: str) -> None:
    with pytest.raises(Refused) as caught:
        rules.check_order(kind, given, TODAY)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("ordered", "reported", "months", "end"),
    [
        (date(2025, 11, 20), date(2025, 12, 1), 36, date(2028, 12, 1)),  # in time: from the report-in
        (date(2025, 11, 20), date(2025, 12, 5), 36, date(2028, 12, 5)),  # order + 15 days
        (date(2025, 11, 20), date(2025, 12, 16), 36, date(2028, 12, 5)),  # served late: no later than order + 15 days + term
        (date(2025, 11, 20), date(2025, 12, 16), 1, date(2026, 1, 5)),
    ],
)
def test_article_48_rehabilitation_never_ends_later_than_its_order_allows(ordered: date, reported: date, months: int, end: date) -> None:
    facts = waiting(CR, ordered_on=ordered, served_on=date(2025, 12, 1), term_months=months)
    assert rules.decide(facts, "report_in", Given(on=reported), TODAY, every_day).changes["term_end"] == end
    treatment = waiting(CT, ordered_on=ordered, served_on=date(2025, 12, 1))
    assert rules.decide(treatment, "report_in", Given(on=reported), TODAY, every_day).changes["term_end"] == terms.term_end(reported, 36)


@pytest.mark.parametrize(
    ("facts", "event"), [(waiting(state="refused"), "decide_against_isolation"), (waiting(CR, state="breach_reported"), "close_breach")]
)
def test_article_14_whoever_is_not_isolated_can_still_report_in(facts: Facts, event: str) -> None:
    back = rules.decide(facts, event, on("2025-12-20", reason="证据不足"), TODAY, every_day).changes
    assert (back["state"], back["report_in_due"]) == ("awaiting_report_in", date(2026, 1, 4))


@pytest.mark.parametrize(
    ("event", "until", "due"),
    [("resume", "2025-02-20", date(2025, 2, 28)), ("resume", "2025-02-10", date(2025, 2, 18))],
)
def test_article_24_time_in_custody_does_not_count_for_a_transfer(event: str, until: str, due: date) -> None:
    facts = active(state="suspended", suspended_on=date(2025, 2, 10), transfer_to="610822105000", transfer_due=date(2025, 2, 18))
    assert rules.decide(facts, event, on(until), TODAY, every_day).changes["transfer_due"] == due


days = st.dates(date(2015, 1, 1), date(2030, 12, 31))


@given(days, st.integers(1, 600), st.integers(0, 600))
def test_suspended_days_add_up_and_move_the_end_by_exactly_as_many(start: date, first: int, length: int) -> None:
    end = terms.term_end(start, 36)
    suspended = start + timedelta(days=min(first, 1000))
    facts = active(
        state="suspended", ordered_on=start, served_on=start, reported_in_on=start, term_start=start, term_end=end, suspended_on=suspended
    )
    resumed = suspended + timedelta(days=length)
    changes = rules.decide(facts, "resume", Given(on=resumed), resumed, every_day).changes
    assert changes["suspended_days"] == length
    assert changes["term_end"] == end + timedelta(days=length) == terms.term_end(start, 36, added_days=length)


@given(days, st.integers(0, 1094))
def test_a_transfer_never_restarts_the_clock(start: date, later: int) -> None:
    facts = active(ordered_on=start, served_on=start, reported_in_on=start, term_start=start, term_end=terms.term_end(start, 36))
    day = start + timedelta(days=later)
    begun = rules.decide(facts, "begin_transfer", Given(on=day, division_code="610822105000"), day, every_day).changes
    assert {"term_start", "term_end", "term_months"}.isdisjoint(begun)
    pending = active(
        state="transfer_pending",
        ordered_on=start,
        served_on=start,
        reported_in_on=start,
        term_start=start,
        term_end=facts.term_end,
        transfer_to="610822105000",
        transfer_due=begun["transfer_due"],
    )
    if facts.term_end is not None and begun["transfer_due"] < facts.term_end:
        arrived = rules.decide(pending, "report_in_at_new_place", Given(on=begun["transfer_due"]), begun["transfer_due"], every_day).changes
        assert {"term_start", "term_end", "term_months"}.isdisjoint(arrived)


@given(days, st.integers(0, 2000), st.sampled_from(STATES), st.sampled_from(KINDS))
def test_nothing_runs_on_or_after_its_last_day(start: date, later: int, state: str, kind: str) -> None:
    end = terms.term_end(start, 36)
    day = start + timedelta(days=later)
    if day >= end and state not in ("suspended", "escaped", "ordered", "awaiting_report_in", "refused"):
        assert not runs_on(kind, state, end, day)
    if day < end:
        assert state_on(kind, state, end, day) == state


@given(st.data())
def test_any_life_course_keeps_the_laws_arithmetic(data: st.DataObject) -> None:
    facts, day = waiting(served_on=date(2020, 1, 1), ordered_on=date(2019, 12, 20), report_in_due=date(2020, 1, 16)), date(2020, 1, 1)
    start: date | None = None
    for _ in range(data.draw(st.integers(1, 25))):
        day += timedelta(days=data.draw(st.integers(0, 60)))
        steps = possible(facts.kind, state_on(facts.kind, facts.state, facts.term_end, day))
        if not steps:
            assert facts.state not in OPEN or state_on(facts.kind, facts.state, facts.term_end, day) not in OPEN
            return
        event = data.draw(st.sampled_from(sorted({t.event for t in steps})))
        full = Given(
            on=day,
            document_no="1",
            reason="x",
            good_reason=None if event == "confirm_refusal" else "x",
            contact_attempts=1,
            evaded_tests=3,
            statement="x",
            finding_no="1",
            ground=data.draw(st.sampled_from(["serious_breach", "refused_community_treatment", "used_during_community_treatment"])),
            division_code=data.draw(st.sampled_from(["610822100000", "610822105000"])),
            order_no="1",
            order_organ="县局",
            confirmed_by="P2",
        )
        try:
            decision = rules.decide(facts, event, full, day, every_day)
        except (Refused, rules.NotDeclared):
            continue
        known: dict[str, object] = {name: getattr(facts, name) for name in Facts.__dataclass_fields__}
        facts = Facts(**{**known, **{k: v for k, v in decision.changes.items() if k in known}})
        start = start or facts.term_start
        assert facts.term_start == start, "no step restarts the clock"
        if facts.term_start is not None:
            assert facts.term_end == terms.term_end(facts.term_start, 36, added_days=facts.suspended_days), "only suspension moves the end"
