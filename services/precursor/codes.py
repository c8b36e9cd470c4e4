"""Code lists of the precursor service with their labels, for /meta/v1/codes: its own words, and the steps of its machines with theirs."""

from pathlib import Path

from kit.codes import Codes, load_codes
from kit.intake.codes import ledger_codes
from services.precursor.draws.rules.steps import MACHINE as DRAW
from services.precursor.draws.rules.steps import REPLACEMENT
from services.precursor.firms.rules import MACHINE as FIRM
from services.precursor.inspections.rules import MACHINE as INSPECTION
from services.precursor.inspectors.rules import MACHINE as INSPECTOR
from services.precursor.ledgers.intake import INTAKE
from services.precursor.ledgers.rules import IMPORT
from services.precursor.rectifications.rules import MACHINE as RECTIFICATION

CODES: dict[str, Codes] = {
    **load_codes(Path(__file__).parent, DRAW, REPLACEMENT, FIRM, INSPECTOR, INSPECTION, RECTIFICATION, IMPORT),
    **ledger_codes(INTAKE),
}
