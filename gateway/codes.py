"""Code lists of the gateway: its own words, the roles, and the steps of its machines."""

from pathlib import Path

from gateway.approvals.rules import APPROVAL
from gateway.identity.rules import ACCOUNT, CLIENT
from kit.codes import load_codes
from kit.roles import LABELS

CODES = {**load_codes(Path(__file__).parent, ACCOUNT, CLIENT, APPROVAL), "role": {role.value: label for role, label in LABELS.items()}}
