"""Lines, pages and their proof: canonical JSON (RFC 8785), SHA-256, a detached JWS (RFC 7515 appendix F), each page chained to the one before. Pure.

digest    = SHA-256 over the lines' canonical bytes, each ended by a line feed; hexadecimal
proof     = RFC 8785 of {after, agreement_id, count, digest, next, previous}
signature = BASE64URL(header) ‖ ".." ‖ BASE64URL(Ed25519(BASE64URL(header) ‖ "." ‖ BASE64URL(proof)))
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import rfc8785

from kit.auth import SigningKey


@dataclass(frozen=True, slots=True)
class Page:
    """One page as it goes out: canonical lines and the closing object."""

    lines: tuple[bytes, ...]
    closing: dict[str, Any]

    def ndjson(self) -> bytes:
        """The lines, then the closing object on the last line."""
        return b"".join(line + b"\n" for line in self.lines) + rfc8785.dumps(self.closing) + b"\n"

    def json(self) -> bytes:
        """`{"items": […], …closing}` with the same bytes per line."""
        return b'{"items":[' + b",".join(self.lines) + b"]," + rfc8785.dumps(self.closing)[1:]


def canonical(value: Any) -> bytes:
    """RFC 8785 bytes."""
    return rfc8785.dumps(value)


def digest_of(lines: Sequence[bytes]) -> str:
    """SHA-256 over the lines, hexadecimal."""
    return hashlib.sha256(b"".join(line + b"\n" for line in lines)).hexdigest()


def sign_detached(key: SigningKey, payload: bytes) -> str:
    """Detached JWS, EdDSA over Ed25519 (RFC 8037)."""
    header = _b64(canonical({"alg": "EdDSA", "kid": key.kid}))
    signature = key.private.sign(header + b"." + _b64(payload))
    return f"{header.decode()}..{_b64(signature).decode()}"


def close_page(
    key: SigningKey, agreement_id: UUID, lines: Sequence[bytes], *, after: str | None, following: str, previous: str | None
) -> Page:
    """The page with its proof. `previous`: digest of the page that the reader had before, null on a first page."""
    proof: dict[str, Any] = {
        "agreement_id": str(agreement_id),
        "after": after,
        "next": following,
        "count": len(lines),
        "digest": digest_of(lines),
        "previous": previous,
    }
    return Page(tuple(lines), {**proof, "signature": sign_detached(key, canonical(proof))})


def _b64(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")
