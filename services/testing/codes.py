"""Code lists of testing with their labels, for /meta/v1/codes: its own words, the analytes, and the steps of its machines with theirs."""

from pathlib import Path

from kit.codes import Codes, load_codes
from kit.intake.codes import ledger_codes
from services.testing.collections.rules import CHAIN
from services.testing.kits.rules import ANALYTES
from services.testing.ledgers.intake import INTAKE
from services.testing.ledgers.rules import IMPORT
from services.testing.plans.rules import DUE_TEST
from services.testing.screenings.rules import REFERRAL

CODES: dict[str, Codes] = {
    "analyte": {str(code): labels for code, labels in ANALYTES.items()},
    **load_codes(Path(__file__).parent, DUE_TEST, CHAIN, REFERRAL, IMPORT),
    **ledger_codes(INTAKE),
}
