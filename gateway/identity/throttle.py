"""How often somebody may try to sign in: by account and by where the try comes from, so that a stranger's wrong guesses never keep the owner out.

Three counts, each in a row of its own, under a keyed hash of the name (a name that nobody has may be a password):

    name + origin   five free, then 1, 5, 15 minutes of waiting for this origin. The origin is the device that signed in before (its cookie), else the address.
    name + `*`      failures of one day from origins that the account does not know; after a hundred, unknown origins wait, known ones do not.
    name + `#`      right password, wrong code: whoever guesses codes knows the password, so codes wait wherever they come from.

The right password together with the right code passes a wait of its origin: nobody guesses both (SECURITY 4.1, 4.7).
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from gateway.identity import repository, rules
from gateway.identity.tables import Account
from kit.work import Work

EVERYWHERE = "*"
CODES = "#"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a try comes from."""

    address: str = ""
    device: str | None = None
    """The device cookie, when one was sent."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a try is counted, and what stands against it."""

    name: bytes
    origin: str
    known: bool
    """The account signed in from here before."""
    waits: bool
    codes_wait: bool


def name_mark(work: Work, username: str) -> bytes:
    """The keyed hash that stands for a user name."""
    return hmac.digest(work.sealer.key("sign-in-name"), username.casefold().encode("utf-8", "replace"), sha256)[:16]


def device_cookie(work: Work, account: Account) -> str:
    """A cookie that shows later that this device signed in to this account."""
    nonce = secrets.token_urlsafe(12)
    return f"{nonce}.{_proof(work, str(account.id), nonce)}"


def _proof(work: Work, account_id: str, nonce: str) -> str:
    return hmac.digest(work.sealer.key("sign-in-device"), f"{account_id}|{nonce}".encode(), sha256).hex()[:32]


def _device_of(work: Work, account: Account | None, cookie: str | None) -> str | None:
    nonce, _, proof = (cookie or "").partition(".")
    if account is None or not nonce or not hmac.compare_digest(proof.encode(), _proof(work, str(account.id), nonce).encode()):
        return None
    return nonce


async def look(work: Work, username: str, account: Account | None, origin: Origin, known_days: int) -> Place:
    """The waits that apply to a try. An unknown name is treated in the same way."""
    name, device = name_mark(work, username), _device_of(work, account, origin.device)
    key = f"device:{device}" if device else f"address:{origin.address}"
    since = work.now - timedelta(days=known_days)
    met = await repository.signed_in_from(work.session, account.id if account else None, origin.address, since)
    known = device is not None or met
    waits = await repository.waits_of(work.session, name, (key, EVERYWHERE, CODES))
    held = {origin_key for origin_key, until in waits if until is not None and work.now < until}
    return Place(name, key, known, key in held or (EVERYWHERE in held and not known), CODES in held and device is None)


async def count(work: Work, place: Place, *, code_wrong: bool = False) -> int:
    """Count a failure; how many there were at its origin. A try during a wait is not counted, because it was not checked."""
    if place.waits:
        return await repository.failures_of(work.session, place.name, place.origin)
    failures = await _add(work, place.name, place.origin)
    if not place.known:
        await _add(work, place.name, EVERYWHERE)
    if code_wrong and not place.codes_wait:
        await _add(work, place.name, CODES)
    return failures


async def _add(work: Work, name: bytes, origin: str) -> int:
    failures = await repository.add_failure(work.session, name, origin, work.now, work.now - rules.FORGOTTEN)
    until = rules.next_wait(failures, work.now, spread=origin == EVERYWHERE)
    if until is not None:
        await repository.set_wait(work.session, name, origin, until)
    return failures


async def clear(work: Work, place: Place) -> None:
    """Forget the failures of an origin after a sign-in from it."""
    await repository.forget_failures(work.session, place.name, (place.origin, CODES))


async def unlock(work: Work, username: str) -> None:
    """Forget all failures of an account."""
    await repository.forget_failures(work.session, name_mark(work, username), None)
