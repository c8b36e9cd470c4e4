"""Code lists of alerts with their labels, for /meta/v1/codes: its own words, and the steps of an alert."""

from pathlib import Path

from kit.codes import load_codes
from services.alerts.alerts.rules import MACHINE as ALERT

CODES = load_codes(Path(__file__).parent, ALERT)
