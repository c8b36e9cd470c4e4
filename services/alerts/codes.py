"""Code lists of alerts with their labels, for /meta/v1/codes: its own words, and the steps of its machines."""

from pathlib import Path

from kit.codes import load_codes
from services.alerts.alerts.rules import MACHINE as ALERT
from services.alerts.bulletins.rules import BULLETIN

CODES = load_codes(Path(__file__).parent, ALERT, BULLETIN)
