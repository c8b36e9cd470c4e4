"""The registry's corner of the database."""

from kit.db import Schema

SCHEMA = Schema("registry")
