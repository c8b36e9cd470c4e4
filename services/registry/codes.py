"""Code lists of the registry with their labels, for /meta/v1/codes: its own words, its indicators, and the steps of its machines with theirs."""

from pathlib import Path

from kit.codes import Codes, load_codes
from services.registry.indicators.rules import INDICATORS
from services.registry.measures.rules.transitions import MACHINE as MEASURE

CODES: dict[str, Codes] = {
    "indicator.code": {str(indicator.code): (indicator.zh, indicator.en) for indicator in INDICATORS},
    "measure.step": MEASURE.events,
    **load_codes(Path(__file__).parent),
}
