"""Imports every noun's tables, so that the schema's metadata is whole for migrations."""

from services.alerts.alerts import tables as alerts
from services.alerts.bulletins import tables as bulletins
from services.alerts.checkins import tables as checkins
from services.alerts.detection import tables as detection
from services.alerts.devices import tables as devices
from services.alerts.places import tables as places
from services.alerts.watched import tables as watched

__all__ = ["alerts", "bulletins", "checkins", "detection", "devices", "places", "watched"]
