"""Passwords and one-time codes. argon2id costs 64 MiB and 0.17 s each: at most two at once, off the event loop."""

from __future__ import annotations

import asyncio

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from pyotp.totp import TOTP
from pyotp.utils import strings_equal

_hasher = PasswordHash((Argon2Hasher(time_cost=3, memory_cost=65536, parallelism=4),))
_two_at_once = asyncio.Semaphore(2)
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$JNpkabwpWsJeVc3wOPX2tA$HJHZ+5tJSuC5Y0vZCJVAUhz7KpzMFItBjrVsRphB3uE"
"""Verified when the user does not exist, so that both answers take equally long."""


async def hash_password(password: str) -> str:
    """The argon2id hash."""
    async with _two_at_once:
        return await asyncio.to_thread(_hasher.hash, password)


async def verify_password(password: str, known: str | None) -> bool:
    """Whether the password matches; takes the same time when there is no account."""
    async with _two_at_once:
        matches = await asyncio.to_thread(_hasher.verify, password, known or _NOBODY)
    return matches and known is not None


def totp_step(secret: str, code: str, moment: int) -> int | None:
    """The time step that a TOTP code belongs to (RFC 6238, 30 s, one step of skew), or None."""
    totp = TOTP(secret)
    for step in (moment // 30, moment // 30 - 1, moment // 30 + 1):
        if strings_equal(totp.generate_otp(step), code):
            return step
    return None
