"""`./dev house`: what the house knows of itself, for a person."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from deploy import nameplate
from deploy.database import DATABASE, PACKAGES, connect, owner_dsn, product_dsn
from deploy.folder import DataFolder, running_pid
from deploy.nameplate import Plate
from deploy.postgres import OWNER, binaries
from deploy.problems import KeysForeign, NotRunning


def show(data_dir: Path, external: str | None, *, accept_signing_keys: bool = False) -> str:
    """The nameplates as JSON; on request with the changed signing keys accepted. A changed root key is never accepted, because it cannot
    open the sealed values.

    Raises KeysForeign.
    """
    folder = DataFolder(data_dir)
    with owner_dsn(data_dir, external) as server, connect(product_dsn(server)) as connection:
        plates = {service: plate for service in PACKAGES if (plate := nameplate.read_plate(connection, service)) is not None}
        if accept_signing_keys:
            for service, plate in plates.items():
                now = nameplate.keys_now(folder, service)
                if now.get("root") != plate.keys.get("root"):
                    raise KeysForeign(files=f"{service}.root", path=folder.path / "secrets")
                plates[service] = replace(plate, keys=now)
                nameplate.write(connection, service, plates[service])
    told = {service: {name: _plain(getattr(plate, name)) for name in Plate.__slots__} for service, plate in plates.items()}
    return json.dumps(told, indent=1)


def database_settings(data_dir: Path) -> str:
    """Shell lines that let Postgres' own programs reach the running embedded server. Raises NotRunning."""
    folder = DataFolder(data_dir)
    port = folder.read("postgres.json").get("port")
    if running_pid(folder.path) is None or not isinstance(port, int):
        raise NotRunning(path=folder.path)
    settings = {
        "PGHOST": "127.0.0.1",
        "PGPORT": str(port),
        "PGUSER": OWNER,
        "PGPASSWORD": folder.secret("postgres"),
        "PGDATABASE": DATABASE,
        "PATH": f"{binaries()}:$PATH",
    }
    return "\n".join(f'export {name}="{value}"' for name, value in settings.items())


def _plain(value: object) -> object:
    return value if isinstance(value, bool | dict) else str(value)
