"""One Postgres schema per service: engine, unit of work, base class, the kit's own tables.

A `Schema` belongs to exactly one service and carries its own metadata, so that four services live in one process without sharing a table.
Every table lives under the service's schema by qualified name; nobody sets search_path in code. Times are aware and stored in UTC.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

import psycopg
import sqlalchemy as sa
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import event
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import registry
from sqlmodel import SQLModel
from uuid_utils.compat import uuid7

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


GIVE_UP_SECONDS = 5.0
"""How long a cancelled handshake may still take."""
SPARE = 2
"""Connections above the pool's size when many ask at once."""
PATIENCE = 5.0
"""How long a request waits for a free connection, in seconds."""
CLOSE_SECONDS = 5.0
"""How long each pool may take to give back its connections."""


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562): sorts by the time of making."""
    return uuid7()


class Xid8(sa.types.UserDefinedType[str]):
    """Postgres' 64-bit transaction id: the commit-safe half of a feed cursor."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "xid8"


ischema_names["xid8"] = Xid8  # so that a comparison of migrations and tables knows the type when it reads it back


class Row(SQLModel):
    """What every table class is to a type checker: SQLModel types `__tablename__` as a declared_attr, and each table sets a plain name."""

    if TYPE_CHECKING:
        __tablename__: ClassVar[str]  # pyright: ignore[reportIncompatibleVariableOverride] - as above


class Schema:
    """A service's corner of the database: metadata, base class for SQLModel tables, and the kit's tables."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.metadata = sa.MetaData(schema=name, naming_convention=NAMING)
        mapper = registry(metadata=self.metadata)

        class Base(Row, registry=mapper):
            """Base of this service's tables."""

        self.base: type[Row] = Base
        stamp = sa.DateTime(timezone=True)
        # The outbox is the feed. Order is (xid, id) below the snapshot horizon: by id alone slow writers are lost (ADR 0003).
        self.outbox = sa.Table(
            "outbox",
            self.metadata,
            sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
            sa.Column("xid", Xid8, nullable=False, server_default=sa.text(f"{name}.feed_xid()")),
            sa.Column("event_id", sa.Uuid, nullable=False),
            sa.Column("type", sa.Text, nullable=False),
            sa.Column("version", sa.SmallInteger, nullable=False),
            sa.Column("occurred_at", stamp, nullable=False),
            sa.Column("subject_id", sa.Uuid, nullable=False),
            sa.Column("division_code", sa.Text, nullable=False),
            sa.Column("actor", sa.Text, nullable=False),
            sa.Column("request_id", sa.Text, nullable=False),
            sa.Column("data", JSONB, nullable=False),
            sa.Index("ix_outbox_position", "xid", "id"),
            info={"append_only": True},
        )
        self.audit = sa.Table(
            "audit",
            self.metadata,
            sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
            sa.Column("xid", Xid8, nullable=False, server_default=sa.text(f"{name}.feed_xid()")),
            sa.Column("at", stamp, nullable=False),
            sa.Column("actor", sa.Text, nullable=False),
            sa.Column("roles", sa.Text, nullable=False),
            sa.Column("action", sa.Text, nullable=False),
            sa.Column("purpose", sa.Text, nullable=False),
            sa.Column("reason", sa.Text, nullable=False),
            sa.Column("object_type", sa.Text, nullable=False),
            sa.Column("object_ids", JSONB, nullable=False),
            sa.Column("request_id", sa.Text, nullable=False),
            sa.Column("details", JSONB, nullable=False),
            sa.Index("ix_audit_position", "xid", "id"),
            sa.Index("ix_audit_object_ids", "object_ids", postgresql_using="gin"),
            # Rows come in the order of time, so a few words per megabyte are enough for the auditor's "from … to".
            sa.Index("ix_audit_at", "at", postgresql_using="brin"),
            info={"append_only": True},
        )
        self.audit_seal = sa.Table(
            "audit_seal",
            self.metadata,
            sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
            sa.Column("upto_xid", sa.Text, nullable=False),
            sa.Column("upto_id", sa.BigInteger, nullable=False),
            sa.Column("rows", sa.Integer, nullable=False),
            sa.Column("hash", sa.LargeBinary, nullable=False),
            sa.Column("sealed_at", stamp, nullable=False),
            info={"append_only": True},
        )
        # Records opened beyond the own reach (kit.emergencies): one row for one caller, one person and one hour.
        self.emergencies = sa.Table(
            "emergency",
            self.metadata,
            sa.Column("id", sa.Uuid, primary_key=True),
            sa.Column("reader", sa.Text, nullable=False),
            sa.Column("staff", sa.Text, nullable=True),
            sa.Column("person_id", sa.Uuid, nullable=False),
            sa.Column("sentence", sa.LargeBinary, nullable=False),
            sa.Column("opened_at", stamp, nullable=False),
            sa.Column("until", stamp, nullable=False),
            sa.Column("request_id", sa.Text, nullable=False),
            sa.Column("reviewed_by", sa.Text, nullable=True),
            sa.Column("reviewed_at", stamp, nullable=True),
            sa.Column("verdict", sa.Text, nullable=True),
            sa.Column("remark", sa.LargeBinary, nullable=True),
            sa.CheckConstraint("verdict = 'justified' or verdict = 'unjustified'", name="verdict"),
            sa.CheckConstraint(
                "(reviewed_at is null) = (verdict is null) and (reviewed_at is null) = (reviewed_by is null)", name="reviewed"
            ),
            sa.Index("ix_emergency_reader", "reader", "person_id", "until"),
        )
        self.answers = sa.Table(
            "idempotent_answer",
            self.metadata,
            sa.Column("caller", sa.Text, primary_key=True),
            sa.Column("route", sa.Text, primary_key=True),
            sa.Column("key", sa.Text, primary_key=True),
            sa.Column("body_hash", sa.LargeBinary, nullable=False),
            sa.Column("status", sa.SmallInteger, nullable=False),
            sa.Column("headers", JSONB, nullable=False),
            sa.Column("body", sa.LargeBinary, nullable=False),
            sa.Column("stored_at", stamp, nullable=False, index=True),
        )
        self.cursors = sa.Table(
            "inbox_cursor",
            self.metadata,
            sa.Column("feed", sa.Text, primary_key=True),
            sa.Column("position", sa.Text, nullable=False),
            sa.Column("moved_at", stamp, nullable=False),
        )
        self.parked = sa.Table(
            "inbox_parked",
            self.metadata,
            sa.Column("event_id", sa.Uuid, primary_key=True),
            sa.Column("feed", sa.Text, nullable=False),
            sa.Column("position", sa.Text, nullable=False),
            sa.Column("envelope", JSONB, nullable=False),
            sa.Column("error", sa.Text, nullable=False),
            sa.Column("parked_at", stamp, nullable=False),
            sa.Column("replayed_at", stamp),
        )
        # Which events took effect here, so that a feed that is read from its start again repeats none (ADR 0015).
        self.applied = sa.Table(
            "inbox_applied",
            self.metadata,
            sa.Column("event_id", sa.Uuid, primary_key=True),
            sa.Column("feed", sa.Text, nullable=False),
        )
        # One row, written by the owner alone: whose tables these are (kit.nameplate).
        self.nameplate = sa.Table(
            "nameplate",
            self.metadata,
            sa.Column("single", sa.Boolean, primary_key=True, server_default=sa.text("true")),
            sa.Column("house_id", sa.Uuid, nullable=False),
            sa.Column("epoch", sa.Text, nullable=False),
            sa.Column("county", sa.Text, nullable=False),
            sa.Column("demo", sa.Boolean, nullable=False),
            sa.Column("keys", JSONB, nullable=False),
            sa.Column("revisions", JSONB, nullable=False),
            sa.Column("tables", sa.Text, nullable=False),
            sa.Column("life", sa.Text, nullable=False),
            sa.Column("restored", sa.Boolean, nullable=False, server_default=sa.text("false")),
            sa.Column("changed_at", stamp, nullable=False),
            sa.CheckConstraint("single", name="single"),
            info={"owners_own": True},
        )


def check_words(column: str, words: Sequence[str], name: str) -> sa.CheckConstraint:
    """A CHECK that a text column holds one of the words: text + CHECK in place of native enums."""
    listed = ", ".join("'" + word.replace("'", "''") + "'" for word in words)
    return sa.CheckConstraint(f"{column} in ({listed})", name=name)


async def connect_whole(conninfo: str, *, application: str, autocommit: bool = False) -> AsyncConnection[Any]:
    """Connect; when cancelled on the way, finish and close first.

    A dropped handshake keeps a server process for a minute, which also blocks dropping the database. Raises psycopg.Error, OSError.
    """
    connecting = asyncio.ensure_future(AsyncConnection.connect(conninfo, application_name=application, autocommit=autocommit))
    try:
        return await asyncio.shield(connecting)
    except asyncio.CancelledError:
        with contextlib.suppress(psycopg.Error, OSError, TimeoutError):
            async with asyncio.timeout(GIVE_UP_SECONDS):
                await (await connecting).close()
        raise


class Database:
    """The engine of one service with its own login."""

    def __init__(self, conninfo: str, *, pool: int = 5, application: str = "guikang") -> None:
        """`conninfo`: libpq keyword string. The pool opens connections when they are first needed."""
        self.conninfo = conninfo
        self.most = pool + SPARE
        """Connections that units of work may hold at once."""
        self._reader: AsyncConnectionPool[AsyncConnection[Any]] | None = None
        self.engine: AsyncEngine = create_async_engine(
            "postgresql+psycopg://",
            async_creator=lambda: connect_whole(conninfo, application=application),
            hide_parameters=True,  # the text of an error must not contain the stored values
            pool_size=pool,
            max_overflow=SPARE,
            pool_timeout=PATIENCE,
            pool_recycle=1800,
        )

    def session(self, *, lock_seconds: float | None = None) -> AsyncSession:
        """A session that nobody but the unit of work commits.

        `lock_seconds`: the longest wait for another transaction's lock; unlimited when not given.
        """
        session = AsyncSession(self.engine, expire_on_commit=False, autoflush=False)
        if lock_seconds is not None:
            statement = f"set local lock_timeout = {round(lock_seconds * 1000)}"
            event.listen(session.sync_session, "after_begin", lambda _, __, connection: connection.exec_driver_sql(statement))
        return session

    @property
    def in_use(self) -> int:
        """Connections that units of work hold now."""
        pool = self.engine.sync_engine.pool
        assert isinstance(pool, sa.QueuePool)
        return pool.checkedout()

    @contextlib.asynccontextmanager
    async def reader(self) -> AsyncIterator[AsyncConnection[Any]]:
        """A connection in autocommit for hot lists: one statement that reads a page and notes it in the audit trail is a transaction of its own.

        It saves the round trips of BEGIN and COMMIT and the ORM's session, 60 % of such a request (docs/performance.md). Nothing else may use it.
        """
        if self._reader is None:
            options = {"autocommit": True, "application_name": "guikang reader"}
            self._reader = AsyncConnectionPool(self.conninfo, kwargs=options, min_size=0, max_size=4, timeout=PATIENCE, open=False)
            await self._reader.open()
        # Not `pool.connection()`: that ends the transaction afterwards, but there is no transaction here.
        connection = await self._reader.getconn()
        try:
            yield connection
        finally:
            await self._reader.putconn(connection)

    async def close(self) -> None:
        """Give back every connection."""
        if self._reader is not None:
            await self._reader.close(CLOSE_SECONDS)
        async with asyncio.timeout(CLOSE_SECONDS):
            await self.engine.dispose()


async def driver(session: AsyncSession) -> AsyncConnection[Any]:
    """The psycopg connection under a session, in the same transaction: for COPY, pipelines and hot lists."""
    connection = await session.connection()
    raw = await connection.get_raw_connection()
    inner = raw.driver_connection
    assert isinstance(inner, AsyncConnection)
    return inner


async def copy_rows(session: AsyncSession, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """COPY rows of the same keys into a table, in this transaction: ten times as fast as INSERT for many (docs/performance.md). A dict or a list becomes JSON."""
    if not rows:
        return
    columns = list(rows[0])
    connection = await driver(session)
    statement = f"copy {table} ({', '.join(columns)}) from stdin".encode()
    async with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            values = [row[column] for column in columns]
            await copy.write_row([json.dumps(v, ensure_ascii=False) if isinstance(v, dict | list) else v for v in values])
