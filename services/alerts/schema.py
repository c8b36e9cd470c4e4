"""The corner of the database that belongs to alerts."""

from kit.db import Schema

SCHEMA = Schema("alerts")
