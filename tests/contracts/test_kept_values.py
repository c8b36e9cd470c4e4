"""What rows keep as JSON is told by a type that knows every name of it: a word more would end a history with an error."""

from __future__ import annotations

from string import Formatter
from typing import get_args

import pytest
from pydantic import ValidationError

from kit.intake.schemas import Measured
from kit.schemas import Answer, Sparse
from services.alerts.alerts.schemas import ReasonNumbers
from services.alerts.alerts.sentences import DEADLINES, FLOW, sentence
from services.alerts.app import CODES
from services.alerts.detectors.rules import SENTENCES, FlowKind
from services.precursor.firms.schemas import FirmFields
from services.precursor.firms.service import SHOWN
from services.registry.comanagement.rules import FIELDS
from services.registry.comanagement.schemas import ChangeLine
from services.registry.ledgers.schemas import Side, StandingSaid
from services.registry.measures.schemas import ReplacedFields, StepDetails
from services.registry.measures.tables import Measure
from services.registry.people.rules import without_treatment
from services.registry.people.schemas import PersonFields, PersonPatch

NEVER_REPLACED = {"id", "person_id", "kind", "source", "ordered_in", "version", "created_at", "updated_at"}
"""Columns of a measure that no step changes, or that count its changes."""


def test_a_part_holds_what_it_was_given_and_no_more() -> None:
    class Row(Answer):
        before: PersonFields
        after: PersonFields

    row = Row(before=PersonFields(phone=None), after=PersonFields(phone="139****01"))
    assert row.model_dump(mode="json") == {"before": {"phone": None}, "after": {"phone": "139****01"}}
    schema = Row.model_json_schema(mode="serialization")
    part = schema["$defs"]["PersonFields"]
    assert "required" not in part or part["required"] == []
    assert part["properties"]["status_since"]["anyOf"][0] == {"type": "string", "format": "date"}
    assert part["additionalProperties"] is False


def test_a_part_with_something_needed_promises_that_alone() -> None:
    class Line(Sparse):
        name: str
        day: int | None = None

    assert Line.model_json_schema(mode="serialization")["required"] == ["name"]
    assert Line(name="x").model_dump() == {"name": "x"}


def test_every_number_of_a_sentence_is_known() -> None:
    told = {name for texts in {**SENTENCES, **DEADLINES}.values() for text in texts for _, name, _, _ in Formatter().parse(text) if name}
    assert ReasonNumbers.model_fields.keys() == told | {"kind"}
    assert {*SENTENCES, *DEADLINES, "flow_kind"} == CODES["alert_reason.code"].keys()
    assert set(get_args(FlowKind)) == FLOW.keys() == CODES["flow_kind"].keys()


@pytest.mark.parametrize("code", [*SENTENCES, *DEADLINES])
def test_the_numbers_of_a_reason_come_back_as_they_were_found(code: str) -> None:
    names = [name for _, name, _, _ in Formatter().parse(({**SENTENCES, **DEADLINES})[code][0]) if name]
    days = {"due_on": "2021-07-01", "until": "2021-07-31", "destination": "610821"}
    numbers = {name: days.get(name, 3) for name in names}
    shown = ReasonNumbers.model_validate(numbers).model_dump(mode="json")
    assert shown == numbers
    assert sentence({"code": code, "numbers": shown}, "zh")


def test_what_a_step_of_a_measure_replaced_is_known_column_by_column() -> None:
    assert ReplacedFields.model_fields.keys() == Measure.model_fields.keys() - NEVER_REPLACED
    details = {"until": "2021-09-30", "replaced": {"state": "active", "term_end": None}}
    assert StepDetails.model_validate(details).model_dump(mode="json") == details
    with pytest.raises(ValidationError):
        ReplacedFields.model_validate({"colour": "red"})


def test_what_a_history_of_a_person_shows_is_known() -> None:
    assert PersonPatch.model_fields.keys() - {"reason"} <= PersonFields.model_fields.keys()
    hidden = without_treatment({"status": "maintenance_treatment", "status_since": "2021-05-01"})
    assert PersonFields.model_validate(hidden).model_dump(mode="json") == {"status": None, "status_since": "2021-05-01"}


def test_what_a_history_of_a_firm_shows_is_known() -> None:
    assert FirmFields.model_fields.keys() == {*SHOWN, "legal_person", "phone"}


def test_a_line_shares_no_other_fields_than_an_agreement_can_name() -> None:
    (propertied,) = (
        one["propertyNames"] for one in ChangeLine.model_json_schema()["properties"]["fields"]["anyOf"] if "propertyNames" in one
    )
    assert set(propertied["enum"]) == set(FIELDS)


@pytest.mark.parametrize("value", [None, "府谷镇", ["heroin"], {"status": None, "since": "2021-07-01", "month_only": True}])
def test_a_side_of_a_conflict_is_a_text_a_list_or_a_standing(value: object) -> None:
    side = Side.model_validate({"source": "ledger", "name": "一.xlsx", "cell": "A!2", "value": value})
    assert side.model_dump(mode="json")["value"] == value
    assert isinstance(side.value, StandingSaid) == isinstance(value, dict)


def test_a_measured_value_names_the_unit_that_words_convert_to() -> None:
    assert Measured(result="positive", items={"MET": 0.52}, unit="ng/mg").unit == "ng/mg"
