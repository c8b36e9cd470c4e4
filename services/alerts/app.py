"""Builds the app of alerts from its parts."""

from __future__ import annotations

from dataclasses import replace

from fastapi import FastAPI

from kit.app import Parts, assemble
from kit.work import House
from services.alerts import tables
from services.alerts.alerts.api import router as alerts
from services.alerts.alerts.stream import Broadcast
from services.alerts.alerts.stream import router as stream
from services.alerts.bulletins.api import router as bulletins
from services.alerts.checkins.api import router as checkins
from services.alerts.checkins.points import Days
from services.alerts.codes import CODES
from services.alerts.detection.worker import Detection
from services.alerts.devices.api import router as devices
from services.alerts.inbox import READERS, REFUSED
from services.alerts.jobs import JOBS
from services.alerts.places.api import router as places
from services.alerts.schema import SCHEMA
from services.alerts.settings import AlertsSettings
from services.alerts.staff import CareTeams, narrowed
from services.alerts.watched.api import router as absences

__all__ = ["create_app", "tables"]


def create_app(parts: Parts) -> FastAPI:
    """Alerts as an ASGI app."""

    async def detect(house: House) -> None:
        await house.part(Detection).run(house)

    async def spread(house: House) -> None:
        await house.part(Broadcast).run(house)

    app = assemble(
        replace(parts, held=[*parts.held, AlertsSettings(), CareTeams()], narrow=narrowed),
        SCHEMA,
        title="预警 alerts",
        routers=[checkins, devices, places, absences, stream, alerts, bulletins],
        readers=READERS,
        refused=REFUSED,
        work_jobs=JOBS,
        background=[detect],
        vital=[spread],
        codes=CODES,
    )
    house: House = app.state.house
    detection = Detection(house)
    house.held.extend((detection, Broadcast(house), Days()))
    app.state.followers.append(detection)
    return app
