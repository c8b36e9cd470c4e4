"""Alembic's entry: everything is in kit.migrate."""

from kit.migrate import run_env

run_env()
