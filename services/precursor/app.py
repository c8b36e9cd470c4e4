"""Builds the precursor service's app from its parts."""

from __future__ import annotations

from dataclasses import replace

from fastapi import FastAPI

from kit.app import Parts, assemble
from services.precursor import tables
from services.precursor.catalogue.api import router as catalogue
from services.precursor.codes import CODES
from services.precursor.draws.api import public as public_draws
from services.precursor.draws.api import router as draws
from services.precursor.figures.api import internal as figures_for_neighbours
from services.precursor.figures.api import router as figures
from services.precursor.firms.api import router as firms
from services.precursor.inbox import READERS, REFUSED
from services.precursor.inspections.api import checklists
from services.precursor.inspections.api import router as inspections
from services.precursor.inspectors.api import router as inspectors
from services.precursor.inspectors.internal import router as authorities
from services.precursor.inspectors.service import tell_names
from services.precursor.jobs import JOBS
from services.precursor.ledgers.api import router as ledgers
from services.precursor.rectifications.api import router as rectifications
from services.precursor.schema import SCHEMA
from services.precursor.settings import PrecursorSettings
from services.precursor.venues.api import router as venues

__all__ = ["create_app", "tables"]

ROUTERS = (
    catalogue,
    firms,
    venues,
    inspectors,
    authorities,
    rectifications,
    checklists,
    inspections,
    draws,
    public_draws,
    ledgers,
    figures,
    figures_for_neighbours,
)


def create_app(parts: Parts) -> FastAPI:
    """The precursor service as an ASGI app."""
    with_settings = replace(parts, held=[*parts.held, PrecursorSettings()])
    return assemble(
        with_settings,
        SCHEMA,
        title="检查 precursor",
        routers=ROUTERS,
        readers=READERS,
        refused=REFUSED,
        work_jobs=JOBS,
        codes=CODES,
        names={"/internal/inspectors/names": tell_names},
    )
