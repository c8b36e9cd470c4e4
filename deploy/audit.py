"""`./dev audit`: recompute the hash chain of every schema's audit trail and print where it breaks."""

from __future__ import annotations

import asyncio
from pathlib import Path

import typer

from deploy.database import PACKAGES, app_dsn, owner_dsn, product_dsn
from deploy.folder import DataFolder
from kit import audit
from kit.db import Database
from kit.migrate import schema_of


def verify(data_dir: Path, dsn: str | None) -> int:
    """Print a line per schema; 0 when every chain holds, else 1."""
    with owner_dsn(data_dir, dsn) as address:
        return asyncio.run(_verify(DataFolder(data_dir), address))


async def _verify(folder: DataFolder, address: str) -> int:
    broken = 0
    for service, package in PACKAGES.items():
        schema = schema_of(package)
        database = Database(app_dsn(product_dsn(address), folder, service), pool=1)
        async with database.session() as session:
            verdict = await audit.verify(session, schema)
        await database.close()
        told = "holds" if verdict.broken_batch is None else f"BREAKS at batch {verdict.broken_batch}"
        typer.echo(f"{service:10} {verdict.sealed_rows:>9} rows in {verdict.batches:>6} batches: the chain {told}")
        broken += verdict.broken_batch is not None
    return 1 if broken else 0
