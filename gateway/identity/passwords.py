"""Passwords and one-time codes. argon2id costs 64 MiB and 0.17 s each: at most two at once, off the event loop, and only so many may wait."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from weakref import WeakKeyDictionary

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from pyotp.totp import TOTP
from pyotp.utils import strings_equal

from gateway.identity.choice import one_form
from kit.problems import TooMany

_hasher = PasswordHash((Argon2Hasher(time_cost=3, memory_cost=65536, parallelism=4),))
_places: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()
_waiting = 0
WAITING = 40
"""Sign-ins that may wait for their turn, about four seconds of work; the next is turned away (fail-closed, SECURITY 4.7)."""
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$JNpkabwpWsJeVc3wOPX2tA$HJHZ+5tJSuC5Y0vZCJVAUhz7KpzMFItBjrVsRphB3uE"
"""Verified when the user does not exist, so that both answers take equally long."""


@contextlib.asynccontextmanager
async def turn() -> AsyncIterator[None]:
    """One of the two places; a waiting sign-in holds no database connection or lock. Raises TooMany when too many wait."""
    global _waiting  # noqa: PLW0603 - one queue per process, as there is one memory
    if _waiting >= WAITING:
        raise TooMany(headers={"Retry-After": "5"})
    _waiting += 1
    places = _places.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(2))
    try:
        await places.acquire()
    finally:
        _waiting -= 1
    try:
        yield
    finally:
        places.release()


async def hash_password(password: str) -> str:
    """The argon2id hash of the password in its one form (NFKC). Raises TooMany."""
    async with turn():
        return await asyncio.to_thread(_hasher.hash, one_form(password))


async def matches(password: str, known: str | None) -> bool:
    """Whether the password matches; takes the same time without an account. Within a `turn`.

    A hash from before passwords had one form may be of the password as it was typed: where the two differ both are tried.
    """
    for spelled in dict.fromkeys((one_form(password), password)):
        if await asyncio.to_thread(_hasher.verify, spelled, known or _NOBODY) and known is not None:
            return True
    return False


def totp_step(secret: str, code: str, moment: int) -> int | None:
    """The time step that a TOTP code belongs to (RFC 6238, 30 s, one step of skew), or None."""
    totp = TOTP(secret)
    for step in (moment // 30, moment // 30 - 1, moment // 30 + 1):
        if strings_equal(totp.generate_otp(step), code):
            return step
    return None
