"""Imports every noun's tables, so that the schema's metadata is whole for migrations."""
