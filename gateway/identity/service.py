"""Use cases of people signing in."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from gateway.events import SessionEnded
from gateway.identity import repository, rules
from gateway.identity.errors import SessionNotFound, SignInFailed
from gateway.identity.keys import OuterKeys
from gateway.identity.passwords import matches, totp_step, turn
from gateway.identity.schemas import Login
from gateway.identity.tables import Account, Client, RefreshToken, Session
from kit.auth import ACCESS, Organisation, Principal, mint, principal_claims
from kit.db import new_id
from kit.jobs import in_work
from kit.work import Work

ISSUER = "guikang-gateway"
AUDIENCE = "guikang"


@dataclass(frozen=True, slots=True)
class Grant:
    """What a sign-in yields."""

    access_token: str
    expires_in: int
    refresh_token: str
    refresh_until: datetime


def access_token(work: Work, principal: Principal) -> str:
    """A signed access token for a principal."""
    key = work.house.part(OuterKeys).access
    claims = {**principal_claims(principal), "jti": secrets.token_urlsafe(12)}
    return mint(key, typ=ACCESS, issuer=ISSUER, audience=AUDIENCE, claims=claims, now=work.now, life=rules.ACCESS_LIFE)


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()


async def sign_in(work: Work, login: Login) -> Grant:
    """Sign a person in. Raises SignInFailed, always the same and always after the same work, and TooMany.

    The password is hashed between two transactions: a flood of sign-ins must hold neither the account's row nor the connections that revocation needs.
    """
    async with turn():
        known = await repository.password_of(work.session, login.username)
        await work.session.rollback()
        right = await matches(login.password, known)
    account = await repository.account_named(work.session, login.username)
    if account is None:
        await _remember_failure(work, None)
        raise SignInFailed
    locked = account.locked_until is not None and work.now < account.locked_until
    right = right and account.password_hash == known  # it may have been changed meanwhile
    step = _second_factor(work, account, login.totp) if right else None
    if not right or locked or account.state != "active" or step is None:
        await _remember_failure(work, account.id)
        raise SignInFailed
    account.failures, account.locked_until, account.totp_step = 0, None, step
    session = Session(account_id=account.id, began_at=work.now, used_at=work.now, expires_at=work.now + rules.SESSION_LIFE)
    work.session.add(session)
    await work.session.flush()
    await work.note("session.begin", "account", account.id)
    return await _grant(work, account, session)


def _second_factor(work: Work, account: Account, code: str | None) -> int | None:
    """The time step to remember, or None when a code is needed and wrong or used before."""
    if account.totp_sealed is None:
        return account.totp_step
    secret = work.sealer.open(account.totp_sealed, "account", "totp", str(account.id))
    step = totp_step(secret, code, int(work.now.timestamp())) if code else None
    return step if step is not None and step > account.totp_step else None


async def _remember_failure(work: Work, account_id: UUID | None) -> None:
    """Count a failure in a transaction of its own: the refusal rolls this one back, and a failure that is forgotten invites the next.

    What is tried while the account is locked is noted and not counted; a name that nobody has is not kept, because it may be a password.
    """
    await work.session.rollback()

    async def count(own: Work) -> None:
        found = await repository.account(own.session, account_id or new_id())
        if found is not None and (found.locked_until is None or own.now >= found.locked_until):
            found.failures += 1
            found.locked_until = rules.lock_after(found.failures, own.now)
        failures = found.failures if found is not None else 0
        await own.note("session.refused", "account", *([account_id] if account_id else []), details={"failures": failures})

    await in_work(work.house, "sign-in", count)


def bound_to(holder: Account | Client) -> Organisation | None:
    """The body that an account or client acts for."""
    if holder.organisation_kind is None or holder.organisation_id is None:
        return None
    return Organisation(holder.organisation_kind, holder.organisation_id)


async def _grant(work: Work, account: Account, session: Session, parent: bytes | None = None) -> Grant:
    token = secrets.token_urlsafe(32)
    work.session.add(RefreshToken(token_hash=_hash(token), session_id=session.id, parent=parent, issued_at=work.now))
    await work.session.flush()
    principal = Principal(
        subject=str(account.id),
        session=str(session.id),
        roles=frozenset(account.roles),
        scope=tuple(account.scope),
        person_id=str(account.person_id) if account.person_id else None,
        staff_id=account.staff_code,
        organisation=bound_to(account),
    )
    return Grant(access_token(work, principal), rules.ACCESS_LIFE, token, session.expires_at)


async def refresh(work: Work, token: str | None) -> Grant:
    """A new access token and the next refresh token. A token used twice ends the whole family. Raises SignInFailed.

    Within the grace the same token may come again and each time gets a successor; but only one of these may ever be used, or two have them.
    """
    known = await repository.refresh_token(work.session, _hash(token)) if token else None
    if known is None:
        raise SignInFailed
    session = await repository.session_of(work.session, known.session_id)
    assert session is not None
    if rules.is_over(ended=session.ended_at, expires=session.expires_at, used=session.used_at, now=work.now):
        raise SignInFailed
    reused = known.used_at is not None and work.now - known.used_at > rules.ROTATION_GRACE
    if reused or await repository.sibling_used(work.session, known):
        session_id = session.id
        await work.session.rollback()

        async def kill(own: Work) -> None:
            await end_session(own, session_id, "refresh_reused")

        await in_work(work.house, "refresh-reused", kill)
        raise SignInFailed
    account = await repository.account(work.session, session.account_id)
    if account is None or account.state != "active":
        raise SignInFailed
    known.used_at = known.used_at or work.now
    session.used_at = work.now
    return await _grant(work, account, session, known.token_hash)


async def end_session(work: Work, session_id: UUID, reason: str) -> None:
    """End a session: its tokens are refused within a moment everywhere. Ending it twice is no error."""
    session = await repository.session_of(work.session, session_id)
    if session is None or session.ended_at is not None:
        return
    session.ended_at, session.end_reason = work.now, reason
    await work.publish(SessionEnded(reason=reason), session.id, "")
    await work.note("session.end", "session", session.id, details={"reason": reason})


async def end_own_session(work: Work, session_id: UUID) -> None:
    """End one of my sessions. Raises SessionNotFound."""
    session = await repository.session_of(work.session, session_id)
    if session is None or str(session.account_id) != work.principal.subject:
        raise SessionNotFound
    await end_session(work, session_id, "revoked_by_owner")


async def my_sessions(work: Work) -> list[dict[str, Any]]:
    """My open sessions."""
    found = await repository.open_sessions(work.session, UUID(work.principal.subject), work.now)
    return [
        {
            "id": s.id,
            "began_at": s.began_at,
            "used_at": s.used_at,
            "expires_at": s.expires_at,
            "current": str(s.id) == work.principal.session,
        }
        for s in found
    ]
