"""Failures that may pass by themselves: a lost connection, a deadlock, a lock or a statement that took too long, a neighbour that is down.

Whatever failed so is worth another try as it is; anything else fails again in the same way and needs a person.
"""

from __future__ import annotations

import psycopg
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection

from kit.call import NeighbourDown

TRANSIENT: tuple[type[Exception], ...] = (OperationalError, InterfaceError, NoConnection, psycopg.OperationalError, NeighbourDown, OSError)
"""`TimeoutError` and refused connections are OSErrors; deadlocks and timeouts of Postgres are OperationalErrors; a pool without a free
connection raises SQLAlchemy's own TimeoutError."""
