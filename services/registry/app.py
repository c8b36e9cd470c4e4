"""Builds the registry's app from its parts."""

from __future__ import annotations

from dataclasses import replace

from fastapi import FastAPI

from kit.app import Parts, assemble
from services.registry import tables
from services.registry.assessments.api import router as assessments
from services.registry.codes import CODES
from services.registry.comanagement.api import router as comanagement
from services.registry.comanagement.internal import router as agreement_names
from services.registry.divisions.api import router as divisions
from services.registry.divisions.internal import router as places
from services.registry.handover.api import router as handovers
from services.registry.handover.internal import router as institutions
from services.registry.indicators.api import router as indicators
from services.registry.indicators.internal import router as figures
from services.registry.jobs import JOBS, end_due_measures
from services.registry.ledgers.api import conflicts
from services.registry.ledgers.api import router as ledgers
from services.registry.measures.api import router as measures
from services.registry.measures.internal import router as neighbours
from services.registry.people.api import router as people
from services.registry.people.internal import router as names_of_people
from services.registry.people.service import tell_names as tell_people
from services.registry.people.teams_api import router as teams
from services.registry.schema import SCHEMA
from services.registry.settings import RegistrySettings
from services.registry.staff.api import router as staff
from services.registry.staff.internal import router as known_staff
from services.registry.staff.service import tell_names
from services.registry.visits.api import router as visits

__all__ = ["create_app", "tables"]


def create_app(parts: Parts) -> FastAPI:
    """The registry as an ASGI app."""
    routers = [
        people,  # the hottest first: routes are tried in order
        names_of_people,
        divisions,
        places,
        staff,
        known_staff,
        teams,
        measures,
        neighbours,
        visits,
        assessments,
        handovers,
        institutions,
        comanagement,
        agreement_names,
        ledgers,
        conflicts,
        indicators,
        figures,
    ]
    return assemble(
        replace(parts, held=[*parts.held, RegistrySettings()]),
        SCHEMA,
        title="登记 registry",
        routers=routers,
        work_jobs=JOBS,
        background=[end_due_measures],
        codes=CODES,
        followed_by={"testing": ("*",), "alerts": ("*",), "gateway": ("staff.*",)},
        names={"/internal/names": tell_names, "/internal/people/names": tell_people},
    )
