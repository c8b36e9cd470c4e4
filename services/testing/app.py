"""Builds testing's app from its parts."""

from __future__ import annotations

from dataclasses import replace

from fastapi import FastAPI

from kit.app import Parts, assemble
from services.testing import jobs, tables
from services.testing.codes import CODES
from services.testing.collections.api import router as collections
from services.testing.figures.api import router as figures
from services.testing.inbox import READERS, REFUSED
from services.testing.kits.api import router as kits
from services.testing.labs.api import router as labs
from services.testing.labs.internal import router as known_labs
from services.testing.ledgers.api import router as ledgers
from services.testing.plans.api import router as plans
from services.testing.results.api import router as results
from services.testing.schema import SCHEMA
from services.testing.screenings.api import router as screenings
from services.testing.settings import TestingSettings
from services.testing.staff.teams import CareTeams, narrowed

__all__ = ["create_app", "tables"]


def create_app(parts: Parts) -> FastAPI:
    """Testing as an ASGI app."""
    return assemble(
        replace(parts, held=[*parts.held, TestingSettings(), CareTeams()], narrow=narrowed),
        SCHEMA,
        title="检测 testing",
        routers=[labs, known_labs, kits, plans, collections, results, screenings, ledgers, figures],
        readers=READERS,
        refused=REFUSED,
        work_jobs=jobs.JOBS,
        codes=CODES,
        followed_by={"registry": ("*",), "alerts": ("*",)},
    )
