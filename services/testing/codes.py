"""Code lists of testing with their labels, for /meta/v1/codes: its own words, the analytes, and the steps of its machines with theirs."""

from pathlib import Path

from kit.codes import Codes, load_codes
from services.testing.collections.rules import CHAIN
from services.testing.kits.rules import ANALYTES
from services.testing.plans.rules import DUE_TEST
from services.testing.screenings.rules import REFERRAL

CODES: dict[str, Codes] = {
    "analyte": {str(code): labels for code, labels in ANALYTES.items()},
    "due_test.step": DUE_TEST.events,
    "collection.step": CHAIN.events,
    "screening_referral.step": REFERRAL.events,
    **load_codes(Path(__file__).parent),
}
