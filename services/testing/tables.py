"""Imports every noun's tables, so that the schema's metadata is whole for migrations."""

from services.testing.collections import tables as collections
from services.testing.kits import tables as kits
from services.testing.labs import tables as labs
from services.testing.ledgers import tables as ledgers
from services.testing.plans import tables as plans
from services.testing.results import tables as results
from services.testing.screenings import tables as screenings
from services.testing.subjects import tables as subjects

__all__ = ["collections", "kits", "labs", "ledgers", "plans", "results", "screenings", "subjects"]
