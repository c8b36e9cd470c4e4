"""Questions to identity."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from gateway.identity.tables import Account, AssertionSeen, Client, ClientKey, RefreshToken, Session


async def password_of(session: AsyncSession, username: str) -> str | None:
    """The hash of a user's password, without a lock."""
    return (await session.execute(select(col(Account.password_hash)).where(col(Account.username) == username))).scalar_one_or_none()


async def account_named(session: AsyncSession, username: str) -> Account | None:
    """The account of a user name, locked for this transaction."""
    return (await session.execute(select(Account).where(col(Account.username) == username).with_for_update())).scalar_one_or_none()


async def account(session: AsyncSession, account_id: UUID) -> Account | None:
    """One account, locked for this transaction."""
    return (await session.execute(select(Account).where(col(Account.id) == account_id).with_for_update())).scalar_one_or_none()


async def accounts(session: AsyncSession) -> Sequence[Account]:
    """All accounts by name."""
    return (await session.execute(select(Account).order_by(col(Account.username)))).scalars().all()


async def session_of(session: AsyncSession, session_id: UUID) -> Session | None:
    """One session, locked for this transaction."""
    return (await session.execute(select(Session).where(col(Session.id) == session_id).with_for_update())).scalar_one_or_none()


async def open_sessions(session: AsyncSession, account_id: UUID, now: datetime) -> Sequence[Session]:
    """An account's sessions that can still be used."""
    query = select(Session).where(col(Session.account_id) == account_id, col(Session.ended_at).is_(None), col(Session.expires_at) > now)
    return (await session.execute(query.order_by(col(Session.began_at)))).scalars().all()


async def end_sessions(session: AsyncSession, account_id: UUID, now: datetime, reason: str) -> Sequence[UUID]:
    """End every open session of an account; the ids."""
    statement = update(Session).where(col(Session.account_id) == account_id, col(Session.ended_at).is_(None))
    return (await session.execute(statement.values(ended_at=now, end_reason=reason).returning(col(Session.id)))).scalars().all()


async def refresh_token(session: AsyncSession, token_hash: bytes) -> RefreshToken | None:
    """A refresh token by its hash, locked for this transaction."""
    return (
        await session.execute(select(RefreshToken).where(col(RefreshToken.token_hash) == token_hash).with_for_update())
    ).scalar_one_or_none()


async def sibling_used(session: AsyncSession, token: RefreshToken) -> bool:
    """Whether another successor of this token's parent has been used. The session's row must be locked."""
    if token.parent is None:
        return False
    query = select(col(RefreshToken.token_hash)).where(
        col(RefreshToken.parent) == token.parent,
        col(RefreshToken.session_id) == token.session_id,
        col(RefreshToken.token_hash) != token.token_hash,
        col(RefreshToken.used_at).is_not(None),
    )
    return (await session.execute(query.limit(1))).first() is not None


async def client(session: AsyncSession, client_id: str) -> Client | None:
    """A machine client."""
    return (await session.execute(select(Client).where(col(Client.id) == client_id))).scalar_one_or_none()


async def clients(session: AsyncSession) -> Sequence[Client]:
    """All clients by id."""
    return (await session.execute(select(Client).order_by(col(Client.id)))).scalars().all()


async def keys_of(session: AsyncSession, client_id: str, now: datetime) -> Sequence[ClientKey]:
    """A client's keys that are valid now."""
    query = select(ClientKey).where(col(ClientKey.client_id) == client_id, *_valid(now))
    return (await session.execute(query.order_by(col(ClientKey.kid)))).scalars().all()


async def key_ids(session: AsyncSession, now: datetime) -> dict[str, list[str]]:
    """Client → the ids of its keys that are valid now, for all clients at once."""
    found: dict[str, list[str]] = {}
    query = select(col(ClientKey.client_id), col(ClientKey.kid)).where(*_valid(now)).order_by(col(ClientKey.kid))
    for client_id, kid in await session.execute(query):
        found.setdefault(client_id, []).append(kid)
    return found


def _valid(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return col(ClientKey.not_before) <= now, or_(col(ClientKey.not_after).is_(None), col(ClientKey.not_after) > now)


async def key_of(session: AsyncSession, client_id: str, kid: str, now: datetime) -> ClientKey | None:
    """One valid key of a client, locked for this transaction."""
    query = select(ClientKey).where(col(ClientKey.client_id) == client_id, col(ClientKey.kid) == kid)
    found = (await session.execute(query.with_for_update())).scalar_one_or_none()
    return found if found is not None and (found.not_after is None or found.not_after > now) else None


async def remember_assertion(session: AsyncSession, client_id: str, jti: str, expires_at: datetime, now: datetime) -> bool:
    """Note a used assertion; False when it was used before."""
    await session.execute(delete(AssertionSeen).where(col(AssertionSeen.expires_at) < now))
    values: dict[str, Any] = {"client_id": client_id, "jti": jti, "expires_at": expires_at}
    made = await session.execute(insert(AssertionSeen).values(values).on_conflict_do_nothing().returning(col(AssertionSeen.jti)))
    return made.first() is not None


async def withdrawn_since(session: AsyncSession, since: datetime) -> set[str]:
    """Session ids (and those of machines) that ended after `since`: what must be refused although its token still lives.

    A machine's session is its client in one version: each change of what it may do ends the sessions of all versions before.
    """
    ended = await session.execute(select(col(Session.id)).where(col(Session.ended_at) > since))
    changed = await session.execute(select(col(Client.id), col(Client.version)).where(col(Client.changed_at) > since))
    machines = {machine_session(client_id, before) for client_id, version in changed for before in range(1, version)}
    return {str(row) for row in ended.scalars()} | machines


def machine_session(client_id: str, version: int) -> str:
    """The session id in a machine's tokens."""
    return f"client:{client_id}:{version}"
