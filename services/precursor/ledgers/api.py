"""HTTP of ledgers of firms and venues: the routes of every import (kit.intake)."""

from __future__ import annotations

from kit.intake import intake_router
from services.precursor.ledgers.intake import INTAKE

router = intake_router(INTAKE)
