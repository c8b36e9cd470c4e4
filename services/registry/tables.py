"""Imports every noun's tables, so that the schema's metadata is whole for migrations."""

from services.registry.assessments import tables as assessments
from services.registry.comanagement import tables as comanagement
from services.registry.divisions import tables as divisions
from services.registry.handover import tables as handover
from services.registry.ledgers import tables as ledgers
from services.registry.measures import tables as measures
from services.registry.people import tables as people
from services.registry.staff import tables as staff
from services.registry.visits import tables as visits

__all__ = ["assessments", "comanagement", "divisions", "handover", "ledgers", "measures", "people", "staff", "visits"]
