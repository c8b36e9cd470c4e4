"""Use cases of people signing in."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from pyotp import random_base32
from pyotp.totp import TOTP

from gateway.events import SessionEnded
from gateway.identity import repository, rules, throttle
from gateway.identity.choice import check_password
from gateway.identity.errors import AccountNotFound, EnrolmentRequired, SessionNotFound, SignInFailed
from gateway.identity.keys import OuterKeys
from gateway.identity.passwords import hash_password, matches, totp_step, turn
from gateway.identity.schemas import Login, PasswordChange
from gateway.identity.tables import Account, Client, RefreshToken, Session
from gateway.identity.throttle import Origin, Place
from gateway.settings import GatewaySettings
from kit.auth import ACCESS, Organisation, Principal, mint, principal_claims
from kit.jobs import in_work
from kit.problems import invalid
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


async def prove(work: Work, login: Login, origin: Origin) -> tuple[Account, Place, int | None]:
    """The account whose password and code these are, where it is tried from, and the time step of the code.

    The step is None where a code is needed and no secret is enrolled yet. Raises SignInFailed, always the same and always after the same work, and TooMany. The
    password is hashed between two transactions: a flood of sign-ins must hold neither the account's row nor the connections that revocation needs.
    """
    async with turn():
        known = await repository.password_of(work.session, login.username)
        await work.session.rollback()
        right = await matches(login.password, known)
    account = await repository.account_named(work.session, login.username)
    settings = work.house.part(GatewaySettings)
    place = await throttle.look(work, login.username, account, origin, settings.known_origin_days)
    if account is None or not right or account.password_hash != known or not _is_open(work, account):
        await _remember_failure(work, account.id if account else None, place)
        raise SignInFailed
    enrolled = account.totp_sealed is not None
    step = second_factor(work, account, login.totp)
    if (
        (step is None and (enrolled or (login.totp and account.totp_pending)))
        or (place.waits and (step is None or not enrolled))
        or (enrolled and place.codes_wait)
    ):
        await _remember_failure(work, account.id, place, code_wrong=bool(login.totp) and step is None)
        raise SignInFailed
    if step is None and not rules.needs_second_factor(
        account.roles, settings.listed(settings.second_factor_roles), settings.second_factor_from, work.today
    ):
        step = account.totp_step
    return account, place, step


def _is_open(work: Work, account: Account) -> bool:
    return account.state == "active" and rules.serves_on(work.today, account.staff_from, account.staff_until)


async def sign_in(work: Work, login: Login, origin: Origin) -> tuple[Grant, str]:
    """Sign a person in; the grant and a cookie by which this device is known later. Raises SignInFailed, EnrolmentRequired, TooMany."""
    account, place, step = await prove(work, login, origin)
    if step is None:
        raise EnrolmentRequired
    if account.totp_sealed is None and account.totp_pending is not None and login.totp:
        secret = work.sealer.open(account.totp_pending, "account", "totp_pending", str(account.id))
        account.totp_sealed, account.totp_pending = work.sealer.seal(secret, "account", "totp", str(account.id)), None
        await work.note("account.enrol", "account", account.id)
    account.totp_step = step
    await throttle.clear(work, place)
    session = Session(
        account_id=account.id,
        began_at=work.now,
        origin=origin.address,
        used_at=work.now,
        expires_at=work.now + rules.SESSION_LIFE,
    )
    work.session.add(session)
    await work.session.flush()
    await work.note("session.begin", "account", account.id)
    return await _grant(work, account, session), throttle.device_cookie(work, account)


async def enrol(work: Work, login: Login, origin: Origin) -> tuple[str, str]:
    """A new secret for one-time codes, and its otpauth address; it counts from the first sign-in with its code on. Raises SignInFailed, TooMany.

    Only for an account without a second factor: whoever has one signs in with it, and has it reset by two administrators when it is lost.
    """
    account, _, _ = await prove(work, login, origin)
    if account.totp_sealed is not None:
        raise SignInFailed
    secret = random_base32()
    account.totp_pending = work.sealer.seal(secret, "account", "totp_pending", str(account.id))
    await work.note("account.begin_enrolment", "account", account.id)
    return secret, TOTP(secret).provisioning_uri(name=account.username, issuer_name="Guikang")


def second_factor(work: Work, account: Account, code: str | None) -> int | None:
    """The time step of a right code that was not used before, of the enrolled secret or of the one that waits for its first code."""
    sealed, column = (account.totp_sealed, "totp") if account.totp_sealed is not None else (account.totp_pending, "totp_pending")
    if sealed is None or not code:
        return None
    secret = work.sealer.open(sealed, "account", column, str(account.id))
    step = totp_step(secret, code, int(work.now.timestamp()))
    return step if step is not None and step > account.totp_step else None


async def change_password(work: Work, change: PasswordChange, origin: Origin) -> None:
    """Change the own password; every other session ends. Raises AccountNotFound, Invalid, TooMany."""
    account_id, session_id = UUID(work.principal.subject), UUID(work.principal.session)
    account = await repository.account(work.session, account_id)
    if account is None:
        raise AccountNotFound
    check_password(change.new_password, account.username, "/new_password")
    login = Login(username=account.username, password=change.password, totp=change.totp)
    if account.totp_sealed is None:
        login = login.model_copy(update={"totp": None})
    try:
        account, place, _ = await prove(work, login, origin)
    except SignInFailed as error:  # the caller stays signed in: only the change is refused
        zh, en = "原密码或动态口令不正确,或须稍候再试", "the present password or code is wrong, or must wait"
        raise invalid("/password", "not_confirmed", zh, en) from error
    account.password_hash = await hash_password(change.new_password)
    account.version += 1
    await throttle.clear(work, place)
    for ended in await repository.end_sessions(work.session, account.id, work.now, "password_changed", but=session_id):
        await work.publish(SessionEnded(reason="password_changed"), ended, "")
    await work.note("account.change_password", "account", account.id)


async def _remember_failure(work: Work, account_id: UUID | None, place: Place, *, code_wrong: bool = False) -> None:
    """Count a failure in a transaction of its own: the refusal rolls this transaction back, but the failure must stay counted.

    A name that nobody has is counted and not kept, because it may be a password.
    """
    await work.session.rollback()

    async def count(own: Work) -> None:
        failures = await throttle.count(own, place, code_wrong=code_wrong)
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
    if account is None or not _is_open(work, account):
        raise SignInFailed
    known.used_at = known.used_at or work.now
    session.used_at = work.now
    return await _grant(work, account, session, known.token_hash)


async def end_session(work: Work, session_id: UUID, reason: str) -> None:
    """End a session: its tokens are refused within a moment everywhere. Ending it twice is not an error."""
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
