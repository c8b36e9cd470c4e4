"""Words and the rule of registered devices. Pure."""

from __future__ import annotations

import re
from datetime import date
from hashlib import sha256
from hmac import compare_digest
from typing import Literal, get_args

Withdrawal = Literal["replaced", "lost", "shared", "mistake"]
WITHDRAWALS: tuple[Withdrawal, ...] = get_args(Withdrawal)
"""Why a device is in use no more: another took its place, it was lost or stolen, somebody else used it, it was registered by mistake."""

KEY = re.compile(r"[A-Za-z0-9_-]{32,128}")
"""What a phone makes for itself and shows with each batch: at least 192 random bits in base64url."""


def key_digest(key: str) -> bytes:
    """What is kept of a device's key: it is random, so that a plain SHA-256 tells nothing of it."""
    return sha256(key.encode()).digest()


def is_the_device(registered: bytes | None, shown: str | None, today: date, required_from: date | None) -> bool:
    """Whether a check-in by the person's own account comes from the phone that it must come from.

    Once a device is registered only that one counts. Before, the account alone does, until the day from which the county requires a device.
    """
    if registered is None:
        return required_from is None or today < required_from
    return shown is not None and KEY.fullmatch(shown) is not None and compare_digest(registered, key_digest(shown))
