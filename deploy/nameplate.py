"""The house knows itself (law 16, ADR 0015): what stands on the nameplate of each schema is compared with this folder and this code at every start.

A first start writes the nameplate, a start after a migration renews its tables, `./dev restored` gives it a new epoch. Everything else that differs is
refused before anything is changed: no key is made, no password set, no schema migrated.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, LiteralString, cast
from uuid import UUID, uuid4

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from deploy.folder import DataFolder
from deploy.problems import (
    BadOption,
    CountyForeign,
    DatabaseForeign,
    DatabaseNewer,
    DatabasePutBack,
    KeysForeign,
    KeysMissing,
    KindForeign,
    RevisionEdited,
    SchemasDisagree,
    TablesDiffer,
)

PROJECT = Path(__file__).parent.parent
FILE = "house.json"
"""What the folder remembers: id, county, demo, the names of its logins, and how far the database had come when it was last seen."""

Connection = psycopg.Connection[tuple[Any, ...]]

FINGERPRINT = """
select encode(sha256(convert_to(coalesce(string_agg(line, E'\\n' order by line collate "C"), ''), 'UTF8')), 'hex') from (
  select concat_ws('|', 'column', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
                   pg_get_expr(d.adbin, d.adrelid)) as line
    from pg_attribute a join kept c on c.oid = a.attrelid left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
   where a.attnum > 0 and not a.attisdropped
  union all
  select concat_ws('|', 'constraint', c.relname, k.conname, pg_get_constraintdef(k.oid))
    from pg_constraint k join kept c on c.oid = k.conrelid where k.contype <> 'n'
  union all
  select concat_ws('|', 'index', c.relname, pg_get_indexdef(i.indexrelid)) from pg_index i join kept c on c.oid = i.indrelid
) as found"""
KEPT = """with kept as (select c.oid, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
 where n.nspname = %s and c.relkind in ('r', 'p') and not c.relispartition and c.relname not like 'procrastinate%%')"""
"""Tables of the schema; partitions come and go with the calendar, the job queue is procrastinate's own."""

LIFE = "select (select system_identifier from pg_control_system())::text || '/' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)"
"""Cluster and timeline: another one after a load into another cluster, a restore to a point in time, or a promotion."""


@dataclass(frozen=True, slots=True)
class Plate:
    """The nameplate of one schema."""

    house_id: UUID
    epoch: str
    county: str
    demo: bool
    keys: dict[str, str]
    revisions: dict[str, str]
    tables: str
    life: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """The expectations of a start; None where it has none and accepts what it finds."""

    county: str | None = None
    demo: bool | None = None


def remembered(folder: DataFolder) -> dict[str, Any]:
    """What the folder knows of its house; {} before its first start."""
    return dict(folder.read(FILE))


def fingerprint_of(secret: bytes) -> str:
    """The public fingerprint of a key: it identifies the key and reveals nothing of it."""
    return hmac.digest(secret, b"guikang/fingerprint", sha256).hex()[:32]


def key_files(service: str) -> dict[str, str]:
    """Name on the nameplate → file in `secrets/` of the keys that a schema depends on: what it is sealed with, what it signs with."""
    signing = ("access", "inner", "gateway") if service == "gateway" else (service,)
    return {"root": f"{service}.root"} | {f"signing {name}": f"{name}.pem" for name in signing}


def keys_now(folder: DataFolder, service: str) -> dict[str, str]:
    """Fingerprints of the keys that the folder holds; no key is made."""
    found = {}
    for name, file in key_files(service).items():
        path = folder.path / "secrets" / file
        if path.exists():
            found[name] = fingerprint_of(path.read_bytes().strip())
    return found


def revision_files(package: str) -> dict[str, str]:
    """Revision → SHA-256 of its file, for every revision of this code."""
    files = (PROJECT / package.replace(".", "/") / "migrations" / "versions").glob("[0-9]*_*.py")
    return {path.name.partition("_")[0]: sha256(path.read_bytes()).hexdigest() for path in sorted(files)}


def tables_fingerprint(connection: Connection, service: str) -> str:
    """A fingerprint of the tables of a schema: columns, constraints, indexes, regardless of their order."""
    with connection.transaction():
        connection.execute("set local search_path = pg_catalog")  # names are written out the same way whoever asks
        row = connection.execute(cast("LiteralString", KEPT + FINGERPRINT), (service,)).fetchone()
    assert row is not None
    return str(row[0])


def revision_of(connection: Connection, service: str) -> str:
    """The revision that a schema is at, or nothing."""
    if connection.execute("select to_regclass(%s)", (f"{service}.alembic_version",)).fetchone() == (None,):
        return ""
    row = connection.execute(sql.SQL("select version_num from {}").format(sql.Identifier(service, "alembic_version"))).fetchone()
    return str(row[0]) if row else ""


def read_plate(connection: Connection, service: str) -> Plate | None:
    """The nameplate of a schema, None before it has one."""
    if connection.execute("select to_regclass(%s)", (f"{service}.nameplate",)).fetchone() == (None,):
        return None
    columns = sql.SQL(", ").join(map(sql.Identifier, Plate.__slots__))
    row = connection.execute(sql.SQL("select {} from {}").format(columns, sql.Identifier(service, "nameplate"))).fetchone()
    return Plate(*row) if row else None


def life_of(connection: Connection) -> str:
    """Which cluster and timeline this is."""
    row = connection.execute(LIFE).fetchone()
    assert row is not None
    return str(row[0])


def how_far(connection: Connection, services: Collection[str]) -> dict[str, int]:
    """How far the database has come: the cluster's write-ahead log in bytes, and each feed's last number.

    They only grow, unless the database is restored.
    """
    row = connection.execute("select pg_current_wal_lsn() - '0/0'").fetchone()
    assert row is not None
    found = {"log": int(row[0])}
    for service in services:
        if connection.execute("select to_regclass(%s)", (f"{service}.outbox",)).fetchone() != (None,):
            last = connection.execute(sql.SQL("select coalesce(max(id), 0) from {}").format(sql.Identifier(service, "outbox"))).fetchone()
            assert last is not None
            found[service] = int(last[0])
    return found


def compare(
    connection: Connection, folder: DataFolder, packages: dict[str, str], wanted: Wanted, *, life: bool = True, tables: bool = True
) -> dict[str, Plate]:
    """The nameplates found, all of them this house's. Without `life` or `tables` the caller handles these two.

    Raises SchemasDisagree, DatabaseForeign, KeysMissing, KeysForeign, CountyForeign, KindForeign, DatabasePutBack, DatabaseNewer, RevisionEdited,
    TablesDiffer, BadOption.
    """
    revisions = {service: revision_of(connection, service) for service in packages}
    for service, package in packages.items():
        known = revision_files(package)
        if revisions[service] and revisions[service] not in known:
            raise DatabaseNewer(service=service, found=revisions[service], newest=max(known, default="-"))
    plates = {service: plate for service in packages if (plate := read_plate(connection, service)) is not None}
    if not plates:
        landed = [service for service, revision in revisions.items() if revision]
        _keys_must_be_there(folder, landed, [key_files(service)["root"] for service in landed])
        _first_words(folder, wanted)
        return {}
    one = next(iter(plates.values()))
    if any(
        (plate.house_id, plate.epoch, plate.county, plate.demo) != (one.house_id, one.epoch, one.county, one.demo)
        for plate in plates.values()
    ):
        raise SchemasDisagree
    _same_kind(one, wanted)
    known_id = remembered(folder).get("id")
    if known_id and known_id != str(one.house_id):
        raise DatabaseForeign(path=folder.path, county=one.county)
    for service, plate in plates.items():
        _same_keys(folder, service, plate)
    if life and (any(plate.life != life_of(connection) for plate in plates.values()) or _went_back(connection, folder, packages)):
        raise DatabasePutBack
    for service, plate in plates.items():
        _same_tables(connection, service, plate, revision_files(packages[service]), tables=tables)
    return plates


def _keys_must_be_there(folder: DataFolder, services: Collection[str], files: Iterable[str]) -> None:
    missing = [name for name in files if not (folder.path / "secrets" / name).exists()]
    if services and missing:
        raise KeysMissing(files=", ".join(missing), path=folder.path / "secrets")


def _same_keys(folder: DataFolder, service: str, plate: Plate) -> None:
    files, now = key_files(service), keys_now(folder, service)
    _keys_must_be_there(folder, [service], [files[name] for name in plate.keys if name in files])
    wrong = [files[name] for name, known in plate.keys.items() if name in files and now.get(name) != known]
    if wrong:
        raise KeysForeign(files=", ".join(wrong), path=folder.path / "secrets")


def _first_words(folder: DataFolder, wanted: Wanted) -> None:
    if wanted.demo is not None and not (wanted.county or remembered(folder).get("county")):
        text = "a real county needs its six digits at its first start, e.g. --county 110101"
        raise BadOption(option="--county", reason=text, reason_zh="正式县首次启动须给出六位区划代码,例如 --county 110101")


def _same_kind(plate: Plate, wanted: Wanted) -> None:
    if wanted.demo is not None and wanted.demo != plate.demo:
        raise KindForeign(
            found="the demo county" if plate.demo else "a real county",
            advice="leave --no-demo away" if plate.demo else "add --no-demo",
            found_zh="示范数据" if plate.demo else "正式数据",
            advice_zh="去掉 --no-demo" if plate.demo else "加上 --no-demo",
        )
    if wanted.county is not None and wanted.county != plate.county:
        raise CountyForeign(found=plate.county, wanted=wanted.county)


def _went_back(connection: Connection, folder: DataFolder, services: Collection[str]) -> bool:
    seen, now = remembered(folder).get("reached"), how_far(connection, services)
    return isinstance(seen, dict) and any(now[name] < int(reached) for name, reached in seen.items() if name in now)


def _same_tables(connection: Connection, service: str, plate: Plate, files: dict[str, str], *, tables: bool) -> None:
    for revision, made_by in plate.revisions.items():
        if revision not in files:
            raise DatabaseNewer(service=service, found=revision, newest=max(files, default="-"))
        if files[revision] != made_by:
            raise RevisionEdited(service=service, revision=revision)
    if tables and tables_fingerprint(connection, service) != plate.tables:
        raise TablesDiffer(service=service, what="they were changed by hand", what_zh="曾被手工改动")


def claim(
    connection: Connection,
    folder: DataFolder,
    packages: dict[str, str],
    plates: dict[str, Plate],
    wanted: Wanted,
    *,
    migrated: Collection[str],
) -> None:
    """Write what is not there yet: the nameplate at a first start, the tables after a migration; then remember the house in the folder.

    Without a county (a migration before the first start) nothing is claimed, but the keys are made: a schema without its keys is refused from now on.
    """
    fresh = [service for service in packages if service not in plates or service in migrated]
    if fresh:
        _make_keys(folder, fresh)
    kept = remembered(folder)
    one = next(iter(plates.values()), None)
    county = one.county if one else wanted.county or kept.get("county")
    demo = one.demo if one else wanted.demo if wanted.demo is not None else kept.get("demo", folder.read("kind.json").get("demo"))
    with connection.transaction():
        if county and demo is not None:
            house_id = one.house_id if one else UUID(str(kept["id"])) if "id" in kept else uuid4()
            # A house older than nameplates has given positions without an epoch; they stay valid.
            epoch = one.epoch if one else "" if any(_has_given(connection, service) for service in packages) else new_epoch()
            for service in fresh:
                package = packages[service]
                plate = Plate(house_id, epoch, str(county), bool(demo), keys_now(folder, service), made_by(connection, service, package),
                              tables_fingerprint(connection, service), life_of(connection))  # fmt: skip
                write(connection, service, plate)
            folder.write(
                FILE, remembered(folder) | {"id": str(house_id), "county": str(county), "demo": bool(demo)} | reached(connection, packages)
            )
        remember_applied(connection, packages)


def _make_keys(folder: DataFolder, services: Collection[str]) -> None:
    from deploy.keys import Keys  # a start that claims nothing does not load the ciphers

    keys = Keys(folder)
    for service in services:
        for name in ("access", "inner") if service == "gateway" else ():
            keys.signing(name)
        keys.signing(service)
        keys.sealer(service)


def made_by(connection: Connection, service: str, package: str) -> dict[str, str]:
    """The revisions that have made a schema, each with the file of this code."""
    head = revision_of(connection, service)
    return {revision: digest for revision, digest in revision_files(package).items() if revision <= head}


def new_epoch() -> str:
    """The name of a new epoch, different from all earlier ones."""
    return secrets.token_hex(4)


def _has_given(connection: Connection, service: str) -> bool:
    found = connection.execute(sql.SQL("select exists (select 1 from {})").format(sql.Identifier(service, "outbox"))).fetchone()
    return found == (True,)


def write(connection: Connection, service: str, plate: Plate, *, restored: bool = False) -> None:
    """Write the nameplate, or replace it."""
    values = {name: Jsonb(value) if isinstance(value := getattr(plate, name), dict) else value for name in Plate.__slots__}
    values["changed_at"] = datetime.now(UTC)
    names = sql.SQL(", ").join(map(sql.Identifier, values))
    holders = sql.SQL(", ").join(sql.Placeholder(name) for name in values)
    changes = sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in values)
    statement = sql.SQL("insert into {} as p ({}) values ({}) on conflict (single) do update set {}, restored = p.restored or {}").format(
        sql.Identifier(service, "nameplate"), names, holders, changes, sql.Literal(restored)
    )
    connection.execute(statement, values)


def remember_applied(connection: Connection, packages: Collection[str]) -> None:
    """Record which events took effect before releases recorded each one: all up to each reader's cursor. Later starts have nothing to do here."""
    for service in packages:
        table = sql.Identifier(service, "inbox_cursor")
        for feed, position in connection.execute(sql.SQL("select feed, position from {}").format(table)).fetchall():
            xid, _, row_id = str(position).rpartition(".")
            if str(feed) not in packages or xid.rpartition(".")[2] == "0":
                continue
            place = {"xid": xid.rpartition(".")[2], "id": int(row_id), "feed": feed}
            names = {"outbox": sql.Identifier(str(feed), "outbox"), "applied": sql.Identifier(service, "inbox_applied")}
            at_cursor = sql.SQL(
                "select exists (select 1 from {outbox} o where o.xid = %(xid)s::xid8 and o.id = %(id)s"
                " and not exists (select 1 from {applied} a where a.event_id = o.event_id))"
            ).format(**names)
            if connection.execute(at_cursor, place).fetchone() == (True,):
                connection.execute(
                    sql.SQL(
                        "insert into {applied} (event_id, feed) select event_id, %(feed)s from {outbox}"
                        " where (xid, id) <= (%(xid)s::xid8, %(id)s) on conflict do nothing"
                    ).format(**names),
                    place,
                )


def compare_own(dsn: str, folder: DataFolder, service: str, package: str, wanted: Wanted) -> None:
    """What a service that is started alone compares, with its own login.

    It may start again after a promotion of the database. Raises as `compare`.
    """
    with psycopg.connect(dsn, autocommit=True, connect_timeout=10, application_name="guikang-compare") as connection:
        compare(connection, folder, {service: package}, wanted, life=False)


def reached(connection: Connection, services: Collection[str]) -> dict[str, Any]:
    """What the folder remembers of how far the database has come."""
    return {"reached": how_far(connection, services)}


def remember_how_far(dsn: str, folder: DataFolder, services: Collection[str]) -> None:
    """Note at the end of a run how far the database has come, so that a start over older files is seen. The recorded value never decreases."""
    kept = remembered(folder)
    if kept:
        before = kept.get("reached", {})
        with psycopg.connect(dsn, autocommit=True, connect_timeout=5) as connection:
            now = how_far(connection, services)
            folder.write(FILE, kept | {"reached": {name: max(number, int(before.get(name, 0))) for name, number in now.items()}})
