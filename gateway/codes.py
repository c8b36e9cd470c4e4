"""Code lists of the gateway."""

from kit.roles import LABELS

CODES = {"role": {role.value: label for role, label in LABELS.items()}}
