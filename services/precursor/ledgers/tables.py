"""Rows of imports (kit.intake)."""

from __future__ import annotations

from kit.intake import IntakeTables
from services.precursor.ledgers.rules import IMPORT
from services.precursor.schema import SCHEMA

TABLES = IntakeTables(SCHEMA, IMPORT)
