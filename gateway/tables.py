"""Imports every noun's tables, so that the schema's metadata is whole for migrations."""

from gateway.identity import tables as identity

__all__ = ["identity"]
