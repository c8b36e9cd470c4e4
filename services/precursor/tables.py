"""Imports every noun's tables, so that the schema's metadata is whole for migrations."""

from services.precursor.catalogue.tables import CatalogueEntry
from services.precursor.draws.tables import (
    Draw,
    DrawCommitment,
    DrawDirectory,
    DrawReplacement,
    DrawReplacementStep,
    DrawReveal,
    DrawStep,
    DrawValue,
)
from services.precursor.firms.tables import Firm, FirmChange, FirmStep
from services.precursor.inspections.tables import (
    Inspection,
    InspectionOfficer,
    InspectionOutcome,
    InspectionPresence,
    InspectionPublication,
    InspectionReplacement,
    InspectionStep,
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
    "DrawReplacement",
    "DrawReplacementStep",
    "DrawReveal",
    "DrawStep",
    "DrawValue",
    "Finding",
    "Firm",
    "FirmChange",
    "FirmStep",
    "Inspection",
    "InspectionOfficer",
    "InspectionOutcome",
    "InspectionPresence",
    "InspectionPublication",
    "InspectionReplacement",
    "InspectionStep",
    "Inspector",
    "InspectorLeave",
    "Rectification",
    "RectificationStep",
    "Recusal",
    "Venue",
]
