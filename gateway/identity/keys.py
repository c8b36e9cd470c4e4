"""The two keys that the gateway signs with: what clients hold, and what services accept (DESIGN 6)."""

from __future__ import annotations

from dataclasses import dataclass

from kit.auth import SigningKey


@dataclass(frozen=True, slots=True)
class OuterKeys:
    """The signing keys of access tokens and of inner tokens."""

    access: SigningKey
    inner: SigningKey
