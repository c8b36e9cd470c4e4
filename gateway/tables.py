"""Imports every noun's tables, so that the schema's metadata is whole for migrations."""

from gateway.approvals import tables as approvals
from gateway.identity import tables as identity

__all__ = ["approvals", "identity"]
