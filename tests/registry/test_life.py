"""The life of a measure follows from its steps alone: over thousands of random courses, in whatever order the steps are written down."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from uuid import uuid4

from hypothesis import given, settings
from hypothesis import strategies as st

from services.registry.measures.rules import terms
from services.registry.measures.rules.guards import Facts, Given, longest_isolation
from services.registry.measures.rules.life import Entry, Founded, Life, life_of, standing_entries, taken_away
from services.registry.measures.rules.states import EXPIRING, Kind, state_on
from services.registry.measures.rules.transitions import possible

CT: Kind = "community_treatment"
CR: Kind = "community_rehabilitation"
IS: Kind = "compulsory_isolation_treatment"
TOWN, OTHER = "610822100000", "610822105000"
FOUNDED = {CT: Founded(CT, TOWN, 36), CR: Founded(CR, TOWN, 24), IS: Founded(IS, TOWN, 24)}
END = date(2027, 12, 31)
GROUNDS = {
    "refused": "refused_community_treatment",
    "reported_serious_breach": "serious_breach",
    "reported_reuse": "used_during_community_treatment",
}
Moves = list[tuple[int, int]]
MOVES = st.lists(st.tuples(st.integers(0, 30), st.sampled_from([0, 0, 1, 4, 12, 40, 160, 420])), max_size=14)


def every_day(_: date) -> bool:
    return True


def lived(founded: Founded, *entries: Entry, today: date = END) -> Life:
    return life_of(founded, entries, today, every_day)


def at(event: str, day: str, place: int = 0, **more: object) -> Entry:
    on = date.fromisoformat(day)
    return Entry(uuid4(), event, on, Given(on=on, **more), place=place)  # pyright: ignore[reportArgumentType] - a test's short form


def fitting(facts: Facts, event: str, on: date) -> Given:
    """What satisfies the guards of a step, where anything does."""
    return Given(
        on=on,
        document_no="文1号",
        reason="理由",
        good_reason="住院" if event in ("report_in", "report_in_at_new_place") else None,
        contact_attempts=1,
        confirmed_by="P-2",
        evaded_tests=3,
        statement="陈述",
        finding_no="认1号",
        ground="used_again_afterwards" if facts.kind == CR else GROUNDS.get(facts.state),
        order_no="决1号",
        order_organ="府谷县公安局",
        division_code=OTHER if facts.division_code == TOWN else TOWN,
        until=longest_isolation(facts),
    )


def course(kind: Kind, moves: Moves) -> list[Entry]:
    """A lawful life of up to ten years: each move goes some days on and takes one of the steps that are open there."""
    founded, on = FOUNDED[kind], date(2018, 1, 8)
    entries = [Entry(uuid4(), "order", on, Given(on=on))]
    for choice, days in moves:
        on += timedelta(days=days)
        facts = life_of(founded, entries, on, every_day).facts
        steps = [step.event for step in possible(kind, facts.state) if step.event != "expire"]
        if not steps or on > END:
            break
        event = steps[choice % len(steps)]
        place = sum(entry.on == on for entry in entries)
        entry = Entry(uuid4(), event, on, fitting(facts, event, on), place=place)
        found = life_of(founded, [*entries, entry], END, every_day)
        if not found.fallen and all(one.refused is None for one in found.placed if one.entry.id == entry.id):
            entries.append(entry)
    return entries


def told(life: Life) -> object:
    """A life without the ids of its rows."""
    return life.columns, life.stretches, [(one.entry.event, one.entry.on, one.facts) for one in life.placed], life.expired_on


@settings(max_examples=400, deadline=None)
@given(st.sampled_from([CT, CR, IS]), MOVES, st.randoms(use_true_random=False))
def test_any_order_of_recording_gives_the_same_life(kind: Kind, moves: Moves, chance: random.Random) -> None:
    entries = course(kind, moves)
    shuffled = [replace(entry, id=uuid4()) for entry in entries]
    chance.shuffle(shuffled)
    assert told(lived(FOUNDED[kind], *shuffled)) == told(lived(FOUNDED[kind], *entries))


@settings(max_examples=400, deadline=None)
@given(st.sampled_from([CT, CR, IS]), MOVES)
def test_days_add_up_and_every_day_has_one_state(kind: Kind, moves: Moves) -> None:
    entries = course(kind, moves)
    life = lived(FOUNDED[kind], *entries)
    assert life.fallen == ()
    assert life.stretches[0].since == entries[0].on
    assert all(one.until == after.since and one.since < after.since and one.state != after.state for one, after in pairwise(life.stretches))
    assert life.stretches[-1].until is None
    assert life.stretches[-1].state == life.facts.state
    still = sum((one.until - one.since).days for one in life.stretches if one.state in ("suspended", "escaped") and one.until is not None)
    ended = life.columns["ended_on"]
    facts = life.facts
    resumed = facts.suspended_days
    assert resumed <= still or ended is not None
    if facts.term_end is not None and facts.term_start is not None and kind == CT:
        assert facts.term_end == terms.term_end(facts.term_start, 36, added_days=resumed), "exactly three years, and what stood still"
    for stretch in life.stretches:
        if stretch.state in EXPIRING and facts.term_end is not None and stretch.until is not None:
            assert stretch.until <= facts.term_end, "no day of a state that the law had ended"


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([CT, CR]), MOVES)
def test_a_transfer_never_restarts_the_clock(kind: Kind, moves: Moves) -> None:
    entries = course(kind, moves)
    transfers = {"begin_transfer", "report_in_at_new_place"}
    there = lived(FOUNDED[kind], *entries)
    here = lived(FOUNDED[kind], *(entry for entry in entries if entry.event not in transfers))
    if not here.fallen and there.columns["transfer_due"] is None:
        assert (here.facts.term_start, here.facts.term_end) == (there.facts.term_start, there.facts.term_end), "DRR art. 22"


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([CT, CR, IS]), MOVES, st.integers(0, 3650))
def test_a_day_in_the_past_reads_as_it_was_then(kind: Kind, moves: Moves, days: int) -> None:
    """What is read today about a day is what was read on that day, when nothing about it was corrected."""
    entries = course(kind, moves)
    day = date(2018, 1, 8) + timedelta(days=days)
    then, now = lived(FOUNDED[kind], *entries, today=day), lived(FOUNDED[kind], *entries)
    holding = next(one for one in now.stretches if one.since <= day and (one.until is None or one.until > day))
    assert holding.state == then.facts.state == state_on(kind, then.facts.state, then.facts.term_end, day)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([CT, CR, IS]), MOVES, st.integers(1, 13))
def test_who_annuls_a_row_and_then_the_annulment_is_where_they_were(kind: Kind, moves: Moves, which: int) -> None:
    entries = course(kind, moves)
    mistaken = entries[which % len(entries)]
    annulment = Entry(uuid4(), "correct", mistaken.on, Given(on=mistaken.on), corrects=mistaken.id)
    again = Entry(uuid4(), "correct", mistaken.on, Given(on=mistaken.on), corrects=annulment.id)
    assert mistaken not in standing_entries([*entries, annulment])
    assert lived(FOUNDED[kind], *entries, annulment).columns == lived(FOUNDED[kind], *(e for e in entries if e is not mistaken)).columns
    assert told(lived(FOUNDED[kind], again, *entries, annulment)) == told(lived(FOUNDED[kind], *entries))


def test_a_suspension_of_the_past_moves_the_term() -> None:
    """DRR art. 24 §2: the days in custody do not count, also when the notice of 2019 is entered years later."""
    began = [at("order", "2018-02-01"), at("serve", "2018-02-05"), at("report_in", "2018-02-12")]
    assert lived(FOUNDED[CT], *began, today=date(2021, 7, 1)).columns["ended_on"] == date(2021, 2, 12)
    custody = [at("suspend", "2019-03-01", document_no="拘1号"), at("resume", "2020-01-29")]
    life = lived(FOUNDED[CT], *began, *custody, today=date(2021, 7, 1))
    assert life.facts.term_end == date(2021, 2, 12) + timedelta(days=334)
    assert (life.facts.state, life.expired_on) == ("active", None)
    assert [one.state for one in life.stretches] == ["ordered", "awaiting_report_in", "active", "suspended", "active"]


def test_a_late_step_may_not_take_the_ground_of_a_later_one() -> None:
    began = [at("order", "2018-02-01"), at("serve", "2018-02-05"), at("report_in", "2018-02-12"), at("sign_agreement", "2018-02-14")]
    life = lived(FOUNDED[CT], *began)
    prison = at("terminate", "2018-02-13", document_no="判1号")
    lost = taken_away(life, lived(FOUNDED[CT], *began, prison))
    assert isinstance(lost, tuple)
    assert (lost[0].event, lost[1]) == ("sign_agreement", "terminated")
    assert taken_away(life, lived(FOUNDED[CT], *began, at("admonish", "2018-02-13", reason="缺席"))) is None


def test_steps_of_one_day_stand_as_they_were_taken() -> None:
    """A finding, its decision and a breach of one day: which came last says how the measure stands."""
    began = [at("order", "2018-02-01"), at("serve", "2018-02-05"), at("report_in", "2018-02-12")]
    finding, decision = (
        at("report_reuse", "2019-01-07", finding_no="认1号"),
        at("decide_against_isolation", "2019-01-07", 1, reason="证据不足"),
    )
    breach = at("report_serious_breach", "2019-01-07", 2, evaded_tests=3, statement="有事")
    assert lived(FOUNDED[CT], *began, breach, decision, finding, today=date(2019, 2, 1)).facts.state == "reported_serious_breach"
    served_late = [at("report_in", "2018-02-05"), at("order", "2018-02-01"), at("serve", "2018-02-05")]
    assert lived(FOUNDED[CT], *served_late, today=date(2018, 3, 1)).facts.state == "active", "the order of the law within a day"


def test_what_the_register_ended_ends_with_its_own_reason() -> None:
    taken = Founded(CT, TOWN, 36)
    begun, dead = at("take_over", "2020-03-01"), at("die", "2020-12-01", standing="dead")
    life = lived(taken, begun, dead)
    assert (life.facts.state, life.columns["end_reason"], life.columns["ended_on"]) == ("closed_death", "dead", date(2020, 12, 1))
    assert lived(taken, begun, at("die", "2020-12-01", document_no="证1号")).columns["end_reason"] == "die"
