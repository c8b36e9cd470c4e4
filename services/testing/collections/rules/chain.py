"""The machine of a test chain: its states and steps with their sources (domain 3.1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from kit.steps.machine import START, Machine, Step, step
from services.testing.collections.rules.words import STATES

SCREENING = "screening"
_ON_THE_SPOT = frozenset({"urine", "saliva", "blood"})
_POLICE = ("police_officer",)
_STAFF = ("county_officer", "town_officer", "social_worker", "police_officer")
_OBJECTING = (*_STAFF, "subject")
_REPORTING = ("lab_technician", "police_officer")
_KEEPING = ("county_officer", "town_officer", "police_officer")
_READ = "results tested_at testers told_at right_to_object_told signed_by_subject"
_SENT = "decision decided_on document_no lab_id container sent_on senders"
_REPORT = "lab_id report_no reported_on signed_and_stamped results"
_TOLD = "told_at right_to_object_told"
_OBJECT = "words objected_on"

_SENDING_AT_ONCE = replace(
    step(
        "send",
        "collected",
        "at_lab",
        "DTP art. 11; HAIR art. 4, 9",
        "送实验室检测",
        "send to a laboratory",
        roles=_POLICE,
        needs=_SENT,
        deadline="lab_report",
        duty=True,
    ),
    kinds=frozenset({"hair", "blood"}),
)
"""Hair and blood go to a laboratory without an objection."""
_DEADLINES = {"presumptive_positive": "objection", "repeat_onsite": "onsite_test", "referred_to_police": "police_test"}


def kind_of(mode: str, specimen_type: str) -> str:
    """Which steps a specimen knows: those of a worker's strip, or of what was taken. Hair is not read on the spot (HAIR art. 9)."""
    return SCREENING if mode == SCREENING else specimen_type


def _onsite(event: str, origin: str, target: str, source: str, zh: str, en: str) -> Iterator[Step]:
    """What a kit shows. The police read a test (DTP art. 4), everybody who collects reads a strip; a second kit is named, for it is of another lot."""
    needs = f"{_READ} kit_lot_id" if origin == "repeat_onsite" else _READ
    for kinds, roles in ((_ON_THE_SPOT, _POLICE), (frozenset({SCREENING}), _STAFF)):
        if event not in ("onsite_positive", "strip_positive") or (event == "strip_positive") == (SCREENING in kinds):
            more = f"{needs} seals" if event == "onsite_positive" else needs
            yield replace(
                step(event, origin, target, source, zh, en, roles=roles, needs=more, deadline=_DEADLINES.get(target, "")), kinds=kinds
            )


CHAIN = Machine(
    "testing.collection.state",
    STATES,
    (
        step("collect", START, "collected", "DTP art. 8", "采样", "collect", roles=_STAFF, deadline="onsite_test"),
        step("take_over_negative", START, "final_negative", "DTP art. 9; domain 12: ledger", "台账载入阴性", "take over a negative"),
        step(
            "take_over_positive",
            START,
            "presumptive_positive",
            "DTP art. 8, 9; domain 12: ledger",
            "台账载入阳性",
            "take over a positive",
            deadline="tell_result",
        ),
        step("take_over_invalid", START, "new_collection", "DTP art. 9; domain 12: ledger", "台账载入无效", "take over an invalid one"),
        *_onsite("onsite_negative", "collected", "final_negative", "DTP art. 9", "登记现场阴性结果", "record a negative"),
        *_onsite("onsite_negative", "repeat_onsite", "final_negative", "DTP art. 9", "登记现场阴性结果", "record a negative"),
        *_onsite("onsite_positive", "collected", "presumptive_positive", "DTP art. 8, 9", "登记现场阳性结果", "record a positive"),
        *_onsite("onsite_positive", "repeat_onsite", "presumptive_positive", "DTP art. 8, 9", "登记现场阳性结果", "record a positive"),
        *_onsite(
            "onsite_invalid",
            "collected",
            "repeat_onsite",
            "domain 3.1: second kit from a new lot, the same day",
            "登记试剂无效",
            "record an invalid kit",
        ),
        *_onsite("onsite_invalid", "repeat_onsite", "new_collection", "domain 3.1", "登记试剂再次无效", "record a second invalid kit"),
        *_onsite("strip_positive", "collected", "referred_to_police", "DTP art. 4", "登记初筛阳性,移交公安", "record a positive strip"),
        *_onsite("strip_positive", "repeat_onsite", "referred_to_police", "DTP art. 4", "登记初筛阳性,移交公安", "record a positive strip"),
        step("police_test", "referred_to_police", "superseded", "DTP art. 4", "公安机关另行检测", "tested anew by the police"),
        step(
            "tell",
            "presumptive_positive",
            "presumptive_positive",
            "DTP art. 9",
            "告知阳性结果及异议权",
            "tell the person",
            roles=_POLICE,
            needs=_TOLD,
            deadline="objection",
            duty=True,
        ),
        step(
            "tell",
            "lab_reported",
            "lab_reported",
            "DTP art. 12",
            "告知检测结果及异议权",
            "tell the person",
            roles=_POLICE,
            needs=_TOLD,
            deadline="objection",
            duty=True,
        ),
        step(
            "object",
            "presumptive_positive onsite_final",
            "lab_requested",
            "DTP art. 10",
            "提出异议,申请实验室检测",
            "object",
            roles=_OBJECTING,
            needs=_OBJECT,
            deadline="decision_and_dispatch",
        ),
        step(
            "object",
            "lab_reported final_positive",
            "retest_requested",
            "DTP art. 13",
            "提出异议,申请实验室复检",
            "object",
            roles=_OBJECTING,
            needs=_OBJECT,
            deadline="decision_and_dispatch",
        ),
        step(
            "refuse_request",
            "lab_requested",
            "onsite_final",
            "DTP art. 10",
            "不予实验室检测",
            "refuse the laboratory test",
            roles=_POLICE,
            needs="decision decided_on document_no reason",
        ),
        step(
            "refuse_request",
            "retest_requested",
            "final_positive",
            "DTP art. 13",
            "不予复检",
            "refuse the re-test",
            roles=_POLICE,
            needs="decision decided_on document_no reason",
        ),
        step(
            "send",
            "lab_requested",
            "at_lab",
            "DTP art. 11",
            "送实验室检测",
            "send to a laboratory",
            roles=_POLICE,
            needs=_SENT,
            deadline="lab_report",
            duty=True,
        ),
        _SENDING_AT_ONCE,
        step(
            "send",
            "retest_requested",
            "at_retest_lab",
            "DTP art. 14",
            "送另一机构复检",
            "send to another laboratory",
            roles=_POLICE,
            needs=_SENT,
            deadline="lab_report",
            duty=True,
        ),
        step(
            "fetch_back",
            "at_lab",
            "lab_requested",
            "DTP art. 4, 11",
            "取回样本另送",
            "fetch the specimen back",
            roles=_POLICE,
            needs="reason fetched_on document_no",
            deadline="decision_and_dispatch",
        ),
        step(
            "fetch_back",
            "at_retest_lab",
            "retest_requested",
            "DTP art. 4, 14",
            "取回样本另送",
            "fetch the specimen back",
            roles=_POLICE,
            needs="reason fetched_on document_no",
            deadline="decision_and_dispatch",
        ),
        step(
            "close",
            "presumptive_positive",
            "onsite_final",
            "DTP art. 10; ADM art. 7",
            "异议期满或本人认可,办结",
            "close",
            roles=_POLICE,
            needs="ground document_no",
            duty=True,
        ),
        step(
            "close",
            "lab_reported",
            "final_positive",
            "DTP art. 13",
            "异议期满或本人认可,办结",
            "close",
            roles=_POLICE,
            needs="ground document_no",
            duty=True,
        ),
        step(
            "lab_negative", "at_lab", "final_negative", "DTP art. 12", "出具阴性报告", "report a negative", roles=_REPORTING, needs=_REPORT
        ),
        step(
            "lab_positive",
            "at_lab",
            "lab_reported",
            "DTP art. 12",
            "出具阳性报告",
            "report a positive",
            roles=_REPORTING,
            needs=_REPORT,
            deadline="tell_result",
            duty=True,
        ),
        step(
            "lab_negative",
            "at_retest_lab",
            "final_negative",
            "DTP art. 15",
            "出具复检阴性报告",
            "report a negative",
            roles=_REPORTING,
            needs=_REPORT,
        ),
        step(
            "lab_positive",
            "at_retest_lab",
            "final_positive",
            "DTP art. 15",
            "出具复检阳性报告",
            "report a positive",
            roles=_REPORTING,
            needs=_REPORT,
            duty=True,
        ),
        step(
            "find_unfit",
            "at_lab at_retest_lab",
            "new_collection",
            "DTP art. 16",
            "样本不合格,重新采样",
            "find the specimen unfit",
            roles=_REPORTING,
            needs="lab_id report_no reported_on signed_and_stamped specimen_fit unfit_reason approved_by",
        ),
        step(
            "explain",
            "presumptive_positive onsite_final lab_requested lab_reported retest_requested final_positive",
            "explained_medical",
            "domain 3.5",
            "医学审核:用药所致",
            "explain by treatment",
            roles=_POLICE,
            needs="doctor institution document_no reviewed_on note",
        ),
        step(
            "withdraw",
            "final_negative presumptive_positive referred_to_police onsite_final lab_requested lab_reported retest_requested final_positive new_collection",
            "withdrawn",
            "domain 3.5; design law 5: a correction names the old result",
            "撤销结果",
            "withdraw the result",
            roles=("police_officer", "county_officer"),
            needs="reason document_no",
        ),
        *(
            step(
                "show_basis",
                state,
                state,
                "DTP art. 2",
                "补充检测依据",
                "show the basis",
                roles=_KEEPING,
                needs="kind document_no dated_on grounds",
                duty=True,
            )
            for state in STATES
        ),
    ),
)
"""What can become of a specimen. No step changes anybody's legal status."""

TAKEN_OVER = {"final_negative": "take_over_negative", "presumptive_positive": "take_over_positive", "new_collection": "take_over_invalid"}
"""State in which a ledger's test begins → the step that leads there."""
