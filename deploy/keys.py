"""Keys of a run: made at the first start in `<data-dir>/secrets/` (0600), the public halves in `public.json` there.

<service>.pem     Ed25519, signs service tokens to neighbours
access.pem        Ed25519, the gateway's access tokens       inner.pem   Ed25519, the gateway's inner tokens
<service>.root    32 bytes, hex: root of a schema's sealing and blind-index keys. Losing it is losing the sealed values.
"""

from __future__ import annotations

import json
import secrets

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from deploy.folder import DataFolder, write_atomically
from kit.auth import SERVICE, SigningKey, TokenVerifier, public_key
from kit.sealed import Sealer

SERVICES = ("registry", "testing", "alerts", "precursor")
ALL = (*SERVICES, "gateway")
GATEWAY_ISSUER = "guikang-gateway"
INNER_LIFE = 60


class Keys:
    """The keys of one data folder. In one process all are at hand; a service's own process reads its own and the public halves."""

    def __init__(self, folder: DataFolder) -> None:
        self._secrets = folder.path / "secrets"
        self._secrets.mkdir(mode=0o700, exist_ok=True)

    def signing(self, name: str) -> SigningKey:
        """A private key; made at the first call."""
        path = self._secrets / f"{name}.pem"
        if not path.exists():
            write_atomically(path, SigningKey.generate().pem().decode())
        return SigningKey.from_pem(path.read_bytes())

    def public(self) -> dict[str, dict[str, str]]:
        """Name → public JWK of every signing key, so that a process needs only its own private ones."""
        path = self._secrets / "public.json"
        if not path.exists():
            found = {name: self.signing(name).public_jwk() for name in (*ALL, "access", "inner")}
            write_atomically(path, json.dumps(found, indent=1))
        return json.loads(path.read_text())

    def sealer(self, service: str) -> Sealer:
        """Seals the personal values of a service's schema."""
        path = self._secrets / f"{service}.root"
        if not path.exists():
            write_atomically(path, secrets.token_hex(32))
        return Sealer(service, {"k1": bytes.fromhex(path.read_text().strip())}, "k1")

    def inner_verifier(self, service: str) -> TokenVerifier:
        """Accepts what the gateway minted for this service."""
        return TokenVerifier({GATEWAY_ISSUER: _one(self.public()["inner"])}, typ="inner+jwt", audience=service, max_life=INNER_LIFE)

    def neighbour_verifier(self, service: str) -> TokenVerifier:
        """Accepts what the other services minted for this one."""
        public = self.public()
        return TokenVerifier(
            {name: _one(public[name]) for name in ALL if name != service}, typ=SERVICE, audience=service, max_life=INNER_LIFE
        )


def _one(jwk: dict[str, str]) -> dict[str, Ed25519PublicKey]:
    return {jwk["kid"]: public_key(jwk)}
