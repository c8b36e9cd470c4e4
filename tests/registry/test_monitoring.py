"""When three clean years begin and end (DRR art. 7; domain 2.5), and what is owed about a measure until when."""

from __future__ import annotations

from datetime import date

import psycopg
import pytest
from sqlalchemy import text

from kit.clock import load_working_days
from services.registry.measures.repository import MONITORING_OVER
from services.registry.measures.rules.duties import Duty, duties_of
from services.registry.measures.rules.guards import Facts
from services.registry.measures.rules.monitoring import Course, monitoring_of
from services.registry.measures.rules.states import STATES
from tests.houses import Template, open_house
from tests.registry.people_data import add_towns, county_officer, registered

TODAY = date(2026, 1, 5)
CT, CR, IS = "community_treatment", "community_rehabilitation", "compulsory_isolation_treatment"
BEGAN, ENDS = date(2024, 3, 1), date(2027, 3, 1)


def treated(state: str = "active", *findings: date) -> Course:
    """Community treatment since 1 March 2024."""
    return Course(CT, state, BEGAN, ENDS, None, findings)


def isolated(state: str = "released", ended_on: date | None = date(2024, 6, 1)) -> Course:
    """Isolation from 1 June 2022 on."""
    return Course(IS, state, date(2022, 6, 1), date(2024, 6, 1), ended_on)


CLEAN: list[tuple[str, list[Course], date | None, date | None, str]] = [
    ("caught using, not found addicted", [], date(2023, 5, 1), date(2023, 5, 1), "caught"),
    ("ordered to community treatment: the day of reporting in", [treated()], date(2023, 5, 1), BEGAN, "execution_began"),
    ("ordered to rehabilitation", [isolated(), Course(CR, "active", date(2024, 6, 10), date(2026, 6, 10), None)], None, date(2024, 6, 10), "execution_began"),
    ("released from isolation", [isolated()], None, date(2024, 6, 1), "released"),
    ("released by law, whoever wrote it down", [isolated("isolation_active", None)], None, date(2024, 6, 1), "released"),
    ("a finding of re-use sets it back", [treated("active", date(2025, 2, 1))], None, date(2025, 2, 1), "finding_of_reuse"),
    ("in isolation nothing is counted", [Course(IS, "isolation_active", date(2025, 6, 1), date(2027, 6, 1), None)], None, None, "in_isolation"),
    ("an escapee neither", [Course(IS, "escaped", date(2022, 6, 1), date(2024, 6, 1), None)], None, None, "in_isolation"),
    ("refused: the police decide", [Course(CT, "refused", None, None, None)], date(2020, 1, 1), None, "police_decide"),
    ("serious breach: the police decide", [treated("reported_serious_breach")], None, None, "police_decide"),
    ("a revoked order never was", [treated("revoked")], None, None, "unknown"),
    ("a voluntary treatment starts nothing", [Course("voluntary_treatment", "active", BEGAN, None, None)], None, None, "unknown"),
]  # fmt: skip


@pytest.mark.parametrize(("courses", "caught", "since", "ground"), [row[1:] for row in CLEAN], ids=[row[0] for row in CLEAN])
def test_article_7_the_three_years_run_from(courses: list[Course], caught: date | None, since: date | None, ground: str) -> None:
    found = monitoring_of(courses, caught, TODAY)
    assert (found.clean_since, found.ground) == (since, ground)
    assert found.ends_on == (since and since.replace(year=since.year + 3))


@pytest.mark.parametrize(
    ("course", "day", "over"),
    [
        (treated(), date(2027, 2, 28), False),
        (treated(), ENDS, True),
        (treated("discharged"), ENDS, True),
        (treated("suspended"), date(2028, 1, 1), False),  # a measure is still open
        (treated("discharged", date(2025, 2, 1)), ENDS, False),
        (isolated(), date(2027, 5, 31), False),
        (isolated(), date(2027, 6, 1), True),
    ],
)
def test_article_7_monitoring_ends_with_the_third_year(course: Course, day: date, over: bool) -> None:
    assert monitoring_of([course], None, day).over_on(day) is over


async def test_the_condition_for_many_persons_says_the_same_as_the_rule(template: Template) -> None:
    async with open_house(template, only="registry") as house:
        database = house.house.apps["registry"].state.house.database
        with psycopg.connect(house.owner) as connection:
            add_towns(house)
            for number, (name, courses, _, _, _) in enumerate(CLEAN):
                person = await registered(county_officer(house), 2 * number + 1)
                for course in [c for c in courses if c.kind != "voluntary_treatment"]:
                    connection.execute(
                        """with m as (insert into registry.measure (id, person_id, kind, state, division_code, term_start, term_end, ended_on, late_report_accepted,
                                                                     suspended_days, credited_days, escaped_once, source, version, created_at, updated_at)
                           values (gen_random_uuid(), %s, %s, %s, '6', %s, %s, %s, false, 0, 0, false, 'order', 1, now(), now()) returning id)
                           insert into registry.measure_event (id, measure_id, event, from_state, to_state, happened_on, legal_source, reason, details,
                                                               recorded_by, recorded_at)
                           select gen_random_uuid(), m.id, 'report_reuse', 'active', 'active', day, '', '', '{}', 'x', now() from m, unnest(%s::date[]) day""",
                        (
                            person["id"],
                            course.kind,
                            course.state,
                            course.term_start,
                            course.term_end,
                            course.ended_on,
                            list(course.findings),
                        ),
                    )
                connection.commit()
                for day in (date(2024, 6, 1), date(2027, 2, 28), ENDS, date(2027, 6, 1), date(2028, 2, 1)):
                    async with database.session() as session:
                        condition = text("select " + MONITORING_OVER.format(person="cast(:person as uuid)"))
                        told = (await session.execute(condition, {"person": person["id"], "day": day})).scalar_one()
                    assert told is monitoring_of(courses, None, day).over_on(day), (name, day)


def facts(kind: str = CT, **more: object) -> Facts:
    """A measure that began on 1 March 2024."""
    values: dict[str, object] = {
        "kind": kind,
        "state": "active",
        "division_code": "6",
        "reported_in_on": BEGAN,
        "term_start": BEGAN,
        "term_end": ENDS,
    }
    return Facts(**{**values, **more})  # pyright: ignore[reportArgumentType] - a test's short form


HELD: dict[str, object] = {"reported_in_on": None, "ordered_on": BEGAN}
PREPARE = Duty("prepare_discharge", "town", date(2027, 2, 19), "DRR art. 23, 40", default=True)
ANNOUNCE = Duty("announce_release", "facility", date(2027, 2, 26), "DRR art. 34")
TOLD = {"notify_family": date(2024, 3, 2)}

OWED: list[tuple[str, Facts, str, list[Duty]]] = [
    ("T2 DRR art. 14", facts(report_in_due=date(2026, 1, 20)), "awaiting_report_in", [Duty("report_in", "subject", date(2026, 1, 20), "DRR art. 14")]),
    ("R2 DRR art. 38", facts(CR, report_in_due=date(2026, 1, 20)), "awaiting_report_in", [Duty("report_in", "subject", date(2026, 1, 20), "DRR art. 38")]),
    ("T5 DRR art. 16: three working days", facts(), "active", [Duty("sign_agreement", "town", date(2024, 3, 6), "DRR art. 16, 22, 38, 44", default=True), PREPARE]),
    ("T12 DRR art. 22: a new agreement", facts(done={"report_in_at_new_place": date(2025, 9, 30)}), "active", [Duty("sign_agreement", "town", date(2025, 10, 11), "DRR art. 16, 22, 38, 44", default=True), PREPARE]),
    ("T5 signed", facts(agreement_on=date(2024, 3, 2)), "active", [PREPARE]),
    ("T11 DRR art. 22", facts(transfer_due=date(2025, 2, 18)), "transfer_pending", [Duty("report_in_at_new_place", "subject", date(2025, 2, 18), "DRR art. 22")]),
    ("T16 DRR art. 23", facts(), "discharged", [Duty("serve_discharge_notice", "police", date(2027, 3, 8), "DRR art. 23")]),
    ("R4 DRR art. 40", facts(CR), "discharged", [Duty("serve_discharge_notice", "police", date(2027, 3, 8), "DRR art. 40")]),
    ("T16 served", facts(done={"serve_discharge_notice": date(2027, 3, 2)}), "discharged", []),
    ("I1 DRR art. 27: 24 hours, on a Saturday too", facts(IS, **HELD), "isolation_active", [Duty("notify_family", "police", date(2024, 3, 2), "NCL art. 40; DRR art. 27"), ANNOUNCE]),
    ("I2 DRR art. 33", facts(IS, **HELD, done={**TOLD, "propose_early_release": date(2025, 9, 26)}), "isolation_active", [Duty("decide_early_release", "police", date(2025, 10, 9), "DRR art. 33"), ANNOUNCE]),
    ("I3 DRR art. 33", facts(IS, **HELD, done={**TOLD, "propose_extension": date(2026, 12, 1)}), "isolation_active", [Duty("decide_extension", "police", date(2026, 12, 8), "DRR art. 33"), ANNOUNCE]),
    ("I3 decided", facts(IS, **HELD, done={**TOLD, "propose_extension": date(2026, 12, 1), "extend": date(2026, 12, 3)}), "isolation_active", [ANNOUNCE]),
    ("I4 DRR art. 31", facts(IS, **HELD, done={**TOLD, "propose_change": date(2026, 12, 1)}), "isolation_active", [Duty("decide_change", "police", date(2026, 12, 8), "DRR art. 31"), ANNOUNCE]),
    ("T1 DRR art. 13: an order is served", facts(ordered_on=date(2026, 1, 5)), "ordered", [Duty("serve_order", "police", date(2026, 1, 12), "DRR art. 13", default=True)]),
    ("T4 DRR art. 21: a refusal waits for its decision until a day", facts(entered_on=date(2026, 1, 5)), "refused", [Duty("decide_on_report", "police", date(2026, 2, 4), "NCL art. 38; DRR art. 21", default=True)]),
    ("T8 DRR art. 21", facts(entered_on=date(2026, 1, 5)), "reported_reuse", [Duty("decide_on_report", "police", date(2026, 2, 4), "NCL art. 38; DRR art. 21", default=True)]),
    ("R3 DRR art. 38", facts(CR, entered_on=date(2026, 1, 5)), "breach_reported", [Duty("decide_on_report", "police", date(2026, 2, 4), "NCL art. 38; DRR art. 38", default=True)]),
    ("I7 announced", facts(IS, **HELD, done={**TOLD, "announce_release": date(2027, 2, 20)}), "isolation_active", []),
]  # fmt: skip


@pytest.mark.parametrize(("known", "state", "owed"), [row[1:] for row in OWED], ids=[row[0] for row in OWED])
def test_what_is_owed_until_when(known: Facts, state: str, owed: list[Duty]) -> None:
    assert duties_of(known, state, load_working_days("610822")) == owed


def test_nothing_is_owed_by_the_person_after_the_end() -> None:
    for state in STATES:
        owed = duties_of(facts(report_in_due=TODAY, transfer_due=TODAY), state, load_working_days("610822"))
        assert not [duty for duty in owed if duty.owed_by == "subject" and state not in ("awaiting_report_in", "transfer_pending")]
