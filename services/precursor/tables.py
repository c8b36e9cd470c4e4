"""Imports every noun's tables, so that the schema's metadata is whole for migrations."""

from services.precursor.catalogue.tables import CatalogueEntry
from services.precursor.draws.tables import Draw, DrawCommitment, DrawDirectory, DrawReveal, DrawStep
from services.precursor.firms.tables import Firm, FirmChange
from services.precursor.inspections.tables import (
    Inspection,
    InspectionOfficer,
    InspectionOutcome,
    InspectionPresence,
    InspectionPublication,
    InspectionReplacement,
)
from services.precursor.inspectors.tables import Inspector, InspectorLeave, Recusal
from services.precursor.ledgers.tables import TABLES
from services.precursor.rectifications.tables import Finding, Rectification, RectificationStep
from services.precursor.venues.tables import Venue

__all__ = [
    "TABLES",
    "CatalogueEntry",
    "Draw",
    "DrawCommitment",
    "DrawDirectory",
    "DrawReveal",
    "DrawStep",
    "Finding",
    "Firm",
    "FirmChange",
    "Inspection",
    "InspectionOfficer",
    "InspectionOutcome",
    "InspectionPresence",
    "InspectionPublication",
    "InspectionReplacement",
    "Inspector",
    "InspectorLeave",
    "Rectification",
    "RectificationStep",
    "Recusal",
    "Venue",
]
