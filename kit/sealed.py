"""Values that must not be readable in the database: encrypted, bound to their row, found through a keyed blind index (law 8).

AES-256-GCM with a random 96-bit nonce (NIST SP 800-38D). Stored form: version ‖ alg ‖ kid length ‖ kid ‖ nonce ‖ ciphertext+tag. The additional data
names schema, table, column and row, so that a ciphertext moved to another row does not open. The blind index is HMAC-SHA-256 over the normalised
value, 128 bits kept, with a key of its own per purpose: an ID number has fewer than 2^40 candidates, the key is the only protection.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Mapping
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_VERSION = 1
_AES_GCM = 1


class CannotOpen(Exception):
    """The value was sealed for another row, with another key, or has been changed."""


def _derive(root: bytes, label: str) -> bytes:
    return HKDF(SHA256(), 32, None, label.encode()).derive(root)


class Sealer:
    """Seals and opens the values of one schema. Key objects live as long as the process."""

    def __init__(self, schema: str, roots: Mapping[str, bytes], active: str) -> None:
        """`roots`: key id → 32 bytes; `active` seals, the others only open. Raises ValueError without a key: no key, no start."""
        if active not in roots or any(len(root) != 32 for root in roots.values()):
            raise ValueError("sealing needs 32-byte keys and an active key id: refusing to start")
        self._schema = schema
        self._active = active.encode()
        self._ciphers = {kid.encode(): AESGCM(_derive(root, f"guikang/{schema}/seal")) for kid, root in roots.items()}
        self._prefix = bytes((_VERSION, _AES_GCM, len(self._active))) + self._active
        oldest = next(iter(roots.values()))
        self._oldest = oldest
        self._index: dict[str, hmac.HMAC] = {}
        self._keys: dict[str, bytes] = {}

    def seal(self, value: str, table: str, column: str, row: str) -> bytes:
        """The stored form of a value, bound to its place."""
        return self.seal_bytes(value.encode(), table, column, row)

    def seal_bytes(self, value: bytes, table: str, column: str, row: str) -> bytes:
        """`seal` for bytes, such as an uploaded file (at most 2 GiB)."""
        nonce = os.urandom(12)
        return self._prefix + nonce + self._ciphers[self._active].encrypt(nonce, value, self._place(table, column, row))

    def open(self, stored: bytes, table: str, column: str, row: str) -> str:
        """The value again. Raises CannotOpen."""
        return self.open_bytes(stored, table, column, row).decode()

    def open_bytes(self, stored: bytes, table: str, column: str, row: str) -> bytes:
        """`open` for bytes. Raises CannotOpen."""
        length = stored[2] if len(stored) > 3 else 0
        kid, rest = bytes(stored[3 : 3 + length]), bytes(stored[3 + length :])
        cipher = self._ciphers.get(kid)
        if cipher is None or stored[0] != _VERSION or stored[1] != _AES_GCM or len(rest) < 28:
            raise CannotOpen
        try:
            return cipher.decrypt(rest[:12], rest[12:], self._place(table, column, row))
        except InvalidTag as error:
            raise CannotOpen from error

    def index(self, purpose: str, normalised: str) -> bytes:
        """16 bytes by which equal values of one purpose find each other."""
        keyed = self._index.get(purpose)
        if keyed is None:
            keyed = hmac.new(_derive(self._oldest, f"guikang/{self._schema}/index/{purpose}"), b"n1|", sha256)
            self._index[purpose] = keyed
        mac = keyed.copy()
        mac.update(normalised.encode())
        return mac.digest()[:16]

    def key(self, purpose: str) -> bytes:
        """A 32-byte key of this schema for signing one kind of thing."""
        known = self._keys.get(purpose)
        if known is None:
            known = self._keys[purpose] = _derive(self._oldest, f"guikang/{self._schema}/sign/{purpose}")
        return known

    def _place(self, table: str, column: str, row: str) -> bytes:
        return b"".join(len(part.encode()).to_bytes(2, "big") + part.encode() for part in (self._schema, table, column, row))


def masked(value: str, keep_front: int = 6, keep_back: int = 2) -> str:
    """`110101********12`: what lists show in place of the value."""
    if len(value) <= keep_front + keep_back:
        return "*" * len(value)
    return value[:keep_front] + "*" * (len(value) - keep_front - keep_back) + value[len(value) - keep_back :]
