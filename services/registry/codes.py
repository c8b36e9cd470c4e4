"""Code lists of the registry with their labels, for /meta/v1/codes: its own words, its indicators, and the steps of its machines with theirs."""

from pathlib import Path

from kit.codes import Codes, load_codes
from kit.intake.codes import ledger_codes
from services.registry.assessments.rules import MACHINE as ASSESSMENT
from services.registry.comanagement.rules import AGREEMENT
from services.registry.handover.rules import MACHINE as HANDOVER
from services.registry.indicators.rules import INDICATORS
from services.registry.ledgers.intake import INTAKE
from services.registry.ledgers.rules import CONFLICT, IMPORT
from services.registry.measures.rules.transitions import END_EVENTS
from services.registry.measures.rules.transitions import MACHINE as MEASURE
from services.registry.measures.service.endings import ENDINGS
from services.registry.people.rules import RECORD

_OWN = load_codes(Path(__file__).parent, RECORD, MEASURE, HANDOVER, ASSESSMENT, AGREEMENT, CONFLICT, IMPORT)

CODES: dict[str, Codes] = {
    **_OWN,
    **ledger_codes(INTAKE),
    "indicator.code": {str(indicator.code): (indicator.zh, indicator.en) for indicator in INDICATORS},
    "measure.end_reason": {
        **_OWN["measure.end_reason"],
        **{event: _OWN["measure.event"][event] for event in sorted(END_EVENTS)},
        **{standing: _OWN["standing.status"][standing] for standing in ENDINGS},
    },
}
"""A measure ends by a step that says so, or with a standing."""
