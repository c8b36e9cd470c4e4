"""Code lists of the gateway: its own words and the roles."""

from pathlib import Path

from kit.codes import load_codes
from kit.roles import LABELS

CODES = {**load_codes(Path(__file__).parent), "role": {role.value: label for role, label in LABELS.items()}}
