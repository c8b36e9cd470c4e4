"""The corner of the database that belongs to testing."""

from kit.db import Schema

SCHEMA = Schema("testing")
