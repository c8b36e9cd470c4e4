"""Rows of imports (kit.intake)."""

from __future__ import annotations

from kit.intake import IntakeTables
from services.testing.schema import SCHEMA

TABLES = IntakeTables(SCHEMA)
