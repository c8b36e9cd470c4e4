"""Code lists of testing with their labels, for /meta/v1/codes: its own words, and the analytes with theirs."""

from pathlib import Path

from kit.codes import Codes, load_codes
from services.testing.kits.rules import ANALYTES

CODES: dict[str, Codes] = {"analyte": ANALYTES, **load_codes(Path(__file__).parent)}
