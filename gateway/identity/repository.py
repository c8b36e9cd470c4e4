"""Questions to identity."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, delete, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from gateway.identity.schemas import AccountAnswer, ColleagueRow
from gateway.identity.tables import Account, AssertionSeen, Client, ClientGrant, ClientKey, RefreshToken, Session, SignInTrial
from kit.lists import Rows
from kit.scope import Scope


async def password_of(session: AsyncSession, username: str) -> str | None:
    """The hash of a user's password, without a lock."""
    return (await session.execute(select(col(Account.password_hash)).where(col(Account.username) == username))).scalar_one_or_none()


async def account_named(session: AsyncSession, username: str) -> Account | None:
    """The account of a user name, locked for this transaction."""
    return (await session.execute(select(Account).where(col(Account.username) == username).with_for_update())).scalar_one_or_none()


async def account(session: AsyncSession, account_id: UUID) -> Account | None:
    """One account, locked for this transaction."""
    return (await session.execute(select(Account).where(col(Account.id) == account_id).with_for_update())).scalar_one_or_none()


ACCOUNTS = Rows(
    name="gateway.accounts",
    item=AccountAnswer,
    sorts={"username": (col(Account.username),), "id": (col(Account.id),)},
    default="username",
    counted={"state": col(Account.state)},
    action="account.list",
    object_type="account",
)


def accounts_in(state: str | None) -> Select[Any]:
    """Accounts in a state, or all."""
    query = select(Account)
    return query.where(col(Account.state) == state) if state else query


async def accounts(session: AsyncSession) -> Sequence[Account]:
    """All accounts."""
    return (await session.execute(select(Account))).scalars().all()


async def accounts_of_staff(session: AsyncSession, staff_code: str) -> Sequence[Account]:
    """The accounts of one member of staff, locked for this transaction."""
    query = select(Account).where(col(Account.staff_code) == staff_code).order_by(col(Account.id))
    return (await session.execute(query.with_for_update())).scalars().all()


async def accounts_by_id(session: AsyncSession, ids: Sequence[UUID]) -> Sequence[Account]:
    """These accounts, without a lock."""
    return (await session.execute(select(Account).where(col(Account.id).in_(ids)).order_by(col(Account.id)))).scalars().all()


_ONLY_PLACE = case((func.jsonb_array_length(col(Account.scope)) == 1, func.rpad(col(Account.scope)[0].astext, 12, "0")))
COLLEAGUES = Rows(
    name="gateway.colleagues",
    item=ColleagueRow,
    sorts={"id": (col(Account.id),)},
    default="id",
    counted={"division_code": func.coalesce(col(Account.staff_division), _ONLY_PLACE)},
    action="account.names",
    object_type="account",
)
"""Who works here: accounts in use, without those of persons under supervision."""


def colleagues_in(scope: Scope, role: str | None) -> Select[Any]:
    """The accounts of these places: by where the member of staff serves, else by the places of the account."""
    places = func.jsonb_array_elements_text(col(Account.scope)).table_valued("code").render_derived()
    anywhere = exists(select(places.c.code).where(scope.where(places.c.code)))
    there = case((col(Account.staff_division).is_not(None), scope.where(col(Account.staff_division))), else_=anywhere)
    query = select(Account).where(col(Account.state) == "active", col(Account.person_id).is_(None), there)
    return query.where(col(Account.roles).contains([role])) if role else query


async def client_names(session: AsyncSession, ids: Sequence[str]) -> dict[str, str]:
    """Client → its name."""
    return {row.id: row.name for row in await session.execute(select(col(Client.id), col(Client.name)).where(col(Client.id).in_(ids)))}


async def signed_in_from(session: AsyncSession, account_id: UUID | None, origin: str, since: datetime) -> bool:
    """Whether an account signed in from this address lately."""
    query = select(col(Session.id)).where(
        col(Session.account_id) == account_id, col(Session.origin) == origin, col(Session.began_at) > since, col(Session.origin) != ""
    )
    return (await session.execute(query.limit(1))).first() is not None


async def waits_of(session: AsyncSession, name: bytes, origins: Sequence[str]) -> Sequence[tuple[str, datetime | None]]:
    """Until when tries under this name wait, by origin."""
    query = select(col(SignInTrial.origin), col(SignInTrial.waits_until)).where(
        col(SignInTrial.tried_mark) == name, col(SignInTrial.origin).in_(origins)
    )
    return [(row.origin, row.waits_until) for row in await session.execute(query)]


async def failures_of(session: AsyncSession, name: bytes, origin: str) -> int:
    """How often a sign-in under this name failed from this origin."""
    query = select(col(SignInTrial.failures)).where(col(SignInTrial.tried_mark) == name, col(SignInTrial.origin) == origin)
    return (await session.execute(query)).scalar_one_or_none() or 0


async def add_failure(session: AsyncSession, name: bytes, origin: str, now: datetime, forgotten: datetime) -> int:
    """Count one failure; the count. Rows whose last failure is forgotten go."""
    await session.execute(delete(SignInTrial).where(col(SignInTrial.last_at) < forgotten))
    values: dict[str, Any] = {"tried_mark": name, "origin": origin, "failures": 1, "last_at": now}
    counted = insert(SignInTrial).values(values)
    counted = counted.on_conflict_do_update(
        index_elements=["tried_mark", "origin"], set_={"failures": col(SignInTrial.failures) + 1, "last_at": now}
    )
    return int((await session.execute(counted.returning(col(SignInTrial.failures)))).scalar_one())


async def set_wait(session: AsyncSession, name: bytes, origin: str, until: datetime) -> None:
    """Let the next try wait."""
    row = update(SignInTrial).where(col(SignInTrial.tried_mark) == name, col(SignInTrial.origin) == origin)
    await session.execute(row.values(waits_until=until))


async def forget_failures(session: AsyncSession, name: bytes, origins: Sequence[str] | None) -> None:
    """Forget failures under a name, from these origins or from all."""
    row = delete(SignInTrial).where(col(SignInTrial.tried_mark) == name)
    await session.execute(row if origins is None else row.where(col(SignInTrial.origin).in_(origins)))


async def session_of(session: AsyncSession, session_id: UUID) -> Session | None:
    """One session, locked for this transaction."""
    return (await session.execute(select(Session).where(col(Session.id) == session_id).with_for_update())).scalar_one_or_none()


async def open_sessions(session: AsyncSession, account_id: UUID, now: datetime) -> Sequence[Session]:
    """An account's sessions that can still be used."""
    query = select(Session).where(col(Session.account_id) == account_id, col(Session.ended_at).is_(None), col(Session.expires_at) > now)
    return (await session.execute(query.order_by(col(Session.began_at)))).scalars().all()


async def end_sessions(session: AsyncSession, account_id: UUID, now: datetime, reason: str, but: UUID | None = None) -> Sequence[UUID]:
    """End every open session of an account, `but` one; the ids."""
    statement = update(Session).where(col(Session.account_id) == account_id, col(Session.ended_at).is_(None))
    if but is not None:
        statement = statement.where(col(Session.id) != but)
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


async def key_registered(session: AsyncSession, kid: str) -> bool:
    """Whether a key was ever registered, for any client: a key that was withdrawn does not come back, and two clients never share one."""
    return (await session.execute(select(col(ClientKey.kid)).where(col(ClientKey.kid) == kid).limit(1))).first() is not None


async def grants_of(session: AsyncSession, client_id: str) -> Sequence[ClientGrant]:
    """A client's grants, past and future ones among them."""
    query = select(ClientGrant).where(col(ClientGrant.client_id) == client_id)
    return (await session.execute(query.order_by(col(ClientGrant.word)))).scalars().all()


async def all_grants(session: AsyncSession) -> dict[str, list[ClientGrant]]:
    """Client → its grants, for all clients at once."""
    found: dict[str, list[ClientGrant]] = {}
    for grant in (await session.execute(select(ClientGrant).order_by(col(ClientGrant.word)))).scalars():
        found.setdefault(grant.client_id, []).append(grant)
    return found


async def count_use(session: AsyncSession, client_id: str, words: Sequence[str], now: datetime) -> None:
    """A token was given for these grants."""
    used = update(ClientGrant).where(col(ClientGrant.client_id) == client_id, col(ClientGrant.word).in_(words))
    await session.execute(used.values(tokens=col(ClientGrant.tokens) + 1, last_used_at=now))


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


async def withdrawn_since(session: AsyncSession, since: datetime, today: date) -> set[str]:
    """Session ids (and those of machines) that ended after `since`: what must be refused although its token still lives. A session whose holder's service
    ended by `today` is over too, on that very day and without anybody's act.

    A machine's session is its client in one version: each change of what it may do ends the sessions of all versions before.
    """
    ended = await session.execute(select(col(Session.id)).where(col(Session.ended_at) > since))
    changed = await session.execute(select(col(Client.id), col(Client.version)).where(col(Client.changed_at) > since))
    machines = {machine_session(client_id, before) for client_id, version in changed for before in range(1, version)}
    left = await session.execute(
        select(col(Session.id))
        .join(Account, col(Account.id) == col(Session.account_id))
        .where(col(Account.staff_until) <= today, col(Session.ended_at).is_(None), col(Session.expires_at) > since)
    )
    return {str(row) for row in ended.scalars()} | {str(row) for row in left.scalars()} | machines


def machine_session(client_id: str, version: int) -> str:
    """The session id in a machine's tokens."""
    return f"client:{client_id}:{version}"
