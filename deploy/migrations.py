"""`./dev migrate` and `./dev revision`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from rich.console import Console

from deploy import database
from deploy.steps import Steps


def migrate(data_dir: Path, dsn: str | None) -> None:
    """Bring every schema to its head and print the revisions. Raises StartProblem."""
    steps = Steps()
    with database.owner_dsn(data_dir, dsn, fresh=True) as owner, steps.step("Bring the schemas up to date · 更新数据库结构") as report:
        done = database.prepare(owner, data_dir, report)
    for service, revision in done.revisions.items():
        Console().print(f"  {service:<10} {revision or 'no revision yet'}", highlight=False, soft_wrap=True)


def revision(service: str, message: str) -> None:
    """Write the next revision of a service from an empty database that the existing ones have just built, and print its path.

    The working data folder is not touched: its schemas may be older or newer than the code.
    """
    from kit import migrate as migrations  # brings Alembic

    with tempfile.TemporaryDirectory(prefix="guikang-revision-") as folder, database.owner_dsn(Path(folder), None, fresh=True) as owner:
        done = database.prepare(owner, Path(folder), lambda what, count, total: None)
        made = migrations.revision(done.dsn, database.PACKAGES[service], message)
    Console().print(f"  {made}", highlight=False, soft_wrap=True)
