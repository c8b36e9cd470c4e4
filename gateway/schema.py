"""The corner of the database that belongs to the gateway."""

from kit.db import Schema

SCHEMA = Schema("gateway")
