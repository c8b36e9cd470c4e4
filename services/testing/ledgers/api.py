"""HTTP of test ledgers: the routes of every import (kit.intake)."""

from __future__ import annotations

from kit.intake import intake_router
from services.testing.ledgers.intake import INTAKE

router = intake_router(INTAKE)
