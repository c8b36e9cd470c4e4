"""The corner of the database that belongs to precursor."""

from kit.db import Schema

SCHEMA = Schema("precursor")
