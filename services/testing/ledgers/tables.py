"""Rows of imports (kit.intake)."""

from __future__ import annotations

from kit.intake import IntakeTables
from services.testing.ledgers.rules import IMPORT
from services.testing.schema import SCHEMA

TABLES = IntakeTables(SCHEMA, IMPORT)
