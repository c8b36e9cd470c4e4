"""Tokens: minting, and a verification that is stricter than the library (SECURITY 4.1, RFC 7519, RFC 8725, RFC 9068).

One algorithm (EdDSA over Ed25519) taken from our own key record, never from the header; exact `typ`, one `iss`, one `aud`; integer times and a
bounded life; duplicate names, unknown `crit` and key-carrying headers refused; size before parsing. Every failure is the same `InvalidToken`.

Three shapes share this code: `at+jwt` (what clients hold), `inner+jwt` (what the gateway mints for a service, 60 s), `service+jwt` (a service to its
neighbour, 60 s). They differ in typ, key and audience, so none passes for another.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar, get_args
from uuid import UUID

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from kit import strict_json
from kit.problems import Malformed
from kit.scope import Scope

MAX_TOKEN = 8192
INNER = "inner+jwt"
SERVICE = "service+jwt"
ACCESS = "at+jwt"
_KNOWN_HEADER = frozenset({"alg", "typ", "kid"})


OrganisationKind = Literal["laboratory", "authority", "institution"]
ORGANISATIONS: tuple[OrganisationKind, ...] = get_args(OrganisationKind)
"""What an account or client may be bound to: a designated laboratory (its id), an authority (its code), a supervised institution (its code)."""
_ORGANISATION = re.compile(r"(laboratory|authority|institution):[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class InvalidToken(Exception):
    """The token is not valid, or no longer valid. The reason is never given: it would help only a forger."""


@dataclass(frozen=True, slots=True)
class Organisation:
    """The body that an account or client acts for, and for no other."""

    kind: str
    id: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"

    @classmethod
    def read(cls, text: str) -> Organisation:
        """`laboratory:<id>` as a token carries it. Raises InvalidToken."""
        if not _ORGANISATION.fullmatch(text):
            raise InvalidToken
        kind, _, name = text.partition(":")
        return cls(kind, name)


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller, as the token describes: nothing here is looked up later."""

    subject: str
    """Account or client id."""
    session: str
    roles: frozenset[str]
    scope: tuple[str, ...]
    """Division-code prefixes: six digits are a county, nine a town."""
    grants: tuple[str, ...] = ()
    """Machines: operations and agreement ids."""
    person_id: str | None = None
    """Role `subject`: whose own record this is."""
    staff_id: str | None = None
    organisation: Organisation | None = None
    """The laboratory, authority or institution that this account or client is bound to."""
    caseload: frozenset[UUID] | None = None
    """The only persons whom this caller reaches, where a service narrows it (`House.narrow`); None: everybody of the scope."""

    @property
    def laboratory_id(self) -> str | None:
        """The laboratory that this principal works for (its id in testing); None for anybody else, who may report for none."""
        return self._bound_to("laboratory")

    @property
    def authority(self) -> str | None:
        """The authority that this principal works for (a code of precursor's list `authority`); None for anybody else."""
        return self._bound_to("authority")

    @property
    def institution_id(self) -> str | None:
        """The supervised institution that this principal works for; None for anybody else."""
        return self._bound_to("institution")

    def _bound_to(self, kind: str) -> str | None:
        return self.organisation.id if self.organisation is not None and self.organisation.kind == kind else None

    def covers(self, division_code: str, person_id: object = None) -> bool:
        """Whether a division, or a person in it, lies in this principal's scope."""
        return self.reach.reaches(division_code, person_id)

    @property
    def reach(self) -> Scope:
        """Whom this principal reaches."""
        return Scope.of(self.scope, self.person_id, self.caseload)

    def has(self, *roles: str) -> bool:
        """Whether this principal holds any of the roles."""
        return not self.roles.isdisjoint(roles)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private Ed25519 key and its RFC 7638 thumbprint as `kid`."""

    kid: str
    private: Ed25519PrivateKey

    @classmethod
    def from_pem(cls, pem: bytes) -> SigningKey:
        """Read PKCS#8 PEM. Raises ValueError when it is not an Ed25519 key."""
        key = serialization.load_pem_private_key(pem, None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError("an Ed25519 key is needed")
        return cls(thumbprint(key.public_key()), key)

    @classmethod
    def generate(cls) -> SigningKey:
        """A new random key."""
        key = Ed25519PrivateKey.generate()
        return cls(thumbprint(key.public_key()), key)

    def pem(self) -> bytes:
        """PKCS#8 PEM, unencrypted: for a file with mode 0600."""
        return self.private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())

    def public_jwk(self) -> dict[str, str]:
        """The public half as JWK (RFC 8037)."""
        return {"kty": "OKP", "crv": "Ed25519", "x": _public_x(self.private.public_key()), "kid": self.kid, "alg": "EdDSA", "use": "sig"}


def _public_x(key: Ed25519PublicKey) -> str:
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def thumbprint(key: Ed25519PublicKey) -> str:
    """RFC 7638 thumbprint of an Ed25519 key."""
    canonical = json.dumps({"crv": "Ed25519", "kty": "OKP", "x": _public_x(key)}, separators=(",", ":"), sort_keys=True)
    return base64.urlsafe_b64encode(hashlib.sha256(canonical.encode()).digest()).rstrip(b"=").decode()


def public_key(jwk: Mapping[str, Any]) -> Ed25519PublicKey:
    """The key of an OKP/Ed25519 JWK. Raises ValueError for anything else."""
    if jwk.get("kty") != "OKP" or jwk.get("crv") != "Ed25519" or not isinstance(jwk.get("x"), str):
        raise ValueError("an Ed25519 JWK is needed")
    text = str(jwk["x"])
    return Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def mint(key: SigningKey, *, typ: str, issuer: str, audience: str, claims: Mapping[str, Any], now: datetime, life: int) -> str:
    """A signed token that lives `life` seconds from `now`."""
    issued = int(now.timestamp())
    body = {"iss": issuer, "aud": audience, "iat": issued, "exp": issued + life, **claims}
    return jwt.encode(body, key.private, algorithm="EdDSA", headers={"typ": typ, "kid": key.kid})


def _part(text: str) -> dict[str, Any]:
    if any(character not in _B64URL for character in text):
        raise InvalidToken
    try:  # text that no column can hold is refused here too: some claims are looked up before the signature can be checked
        value = strict_json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except Malformed as error:
        raise InvalidToken from error
    if not isinstance(value, dict):
        raise InvalidToken
    return value


_JWS = jwt.PyJWS(algorithms=["EdDSA"])
_B64URL = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def read_unverified(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims without checking the signature: only to find which client's keys to ask. Raises InvalidToken."""
    if len(token) > MAX_TOKEN or token.count(".") != 2:
        raise InvalidToken
    head, body, _ = token.split(".")
    try:
        return _part(head), _part(body)
    except (ValueError, RecursionError) as error:
        raise InvalidToken from error


KeptT = TypeVar("KeptT")


class TokenMemory(Generic[KeptT]):
    """The result of verifying a token, by its hash and until it ends; the token itself is not kept. The oldest entry is dropped first."""

    def __init__(self, most: int = 10_000) -> None:
        self._kept: OrderedDict[bytes, tuple[float, KeptT]] = OrderedDict()
        self._most = most

    @staticmethod
    def mark(token: bytes) -> bytes:
        """The hash under which a token is remembered."""
        return hashlib.blake2b(token, digest_size=16).digest()

    def get(self, mark: bytes, moment: float) -> KeptT | None:
        """What is known, or None. Raises InvalidToken when the token was known and has ended."""
        known = self._kept.get(mark)
        if known is None:
            return None
        if known[0] <= moment:
            del self._kept[mark]
            raise InvalidToken
        return known[1]

    def keep(self, mark: bytes, until: float, found: KeptT) -> None:
        """Remember until `until` (seconds)."""
        self._kept[mark] = (until, found)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def __len__(self) -> int:
        return len(self._kept)

    def drop(self, mark: bytes) -> None:
        """Forget one token."""
        self._kept.pop(mark, None)

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()


class TokenVerifier:
    """Verifies one shape of token for one audience. `verify` remembers what it verified until `exp`; `check` leaves that to the caller."""

    def __init__(
        self, keys: Mapping[str, Mapping[str, Ed25519PublicKey]], *, typ: str, audience: str, max_life: int, remember: int = 10_000
    ) -> None:
        """`keys`: issuer → kid → key. An empty record is refused: no key, no start."""
        if not keys or not all(keys.values()):
            raise ValueError("no verification key: refusing to start")
        self._keys = keys
        self._typ = typ
        self._audience = audience
        self._max_life = max_life
        self._seen: TokenMemory[dict[str, Any]] = TokenMemory(remember)
        self._read: dict[int, tuple[dict[str, Any], Principal]] = {}
        self._most = remember

    def verify(self, token: str, now: datetime) -> dict[str, Any]:
        """The claims. Raises InvalidToken, always without a reason."""
        if len(token) > MAX_TOKEN:
            raise InvalidToken
        mark = TokenMemory.mark(token.encode("utf-8", "replace"))
        known = self._seen.get(mark, now.timestamp())
        if known is None:
            known = self.check(token, now)
            self._seen.keep(mark, known["exp"], known)
        return known

    def principal(self, token: str, now: datetime) -> Principal:
        """Whom the token describes; read once for each token. Raises InvalidToken."""
        claims = self.verify(token, now)
        known = self._read.get(id(claims))
        if known is None or known[0] is not claims:
            if len(self._read) > self._most:
                self._read.clear()
            known = self._read[id(claims)] = (claims, principal_of(claims))
        return known[1]

    def forget(self) -> None:
        """Drop the memory, for a revocation."""
        self._seen.clear()
        self._read.clear()

    def check(self, token: str, now: datetime) -> dict[str, Any]:
        """The claims, verified anew and not remembered. Raises InvalidToken, always without a reason."""
        moment = int(now.timestamp())
        header, claims = read_unverified(token)
        if header.get("alg") != "EdDSA" or header.get("typ") != self._typ or not _KNOWN_HEADER.issuperset(header):
            raise InvalidToken
        issuer, kid = claims.get("iss"), header.get("kid")
        if not isinstance(issuer, str) or not isinstance(kid, str):
            raise InvalidToken
        key = self._keys.get(issuer, {}).get(kid)
        if key is None:
            raise InvalidToken
        try:
            decoded = _JWS.decode_complete(token, key, algorithms=["EdDSA"])
        except (jwt.InvalidTokenError, ValueError, TypeError) as error:
            raise InvalidToken from error
        if base64.urlsafe_b64encode(decoded["signature"]).rstrip(b"=").decode() != token.rpartition(".")[2]:
            raise InvalidToken  # a signature must have one spelling, otherwise a token that was revoked by its hash could be used again
        issued, expires = claims.get("iat"), claims.get("exp")
        if type(issued) is not int or type(expires) is not int or type(claims.get("nbf", 0)) is not int:
            raise InvalidToken
        if claims.get("aud") != self._audience or not isinstance(claims.get("sub"), str):
            raise InvalidToken
        if not (issued - 5 <= moment < expires) or not 0 < expires - issued <= self._max_life or claims.get("nbf", 0) > moment + 5:
            raise InvalidToken
        return claims


def principal_claims(principal: Principal) -> dict[str, Any]:
    """The principal as token claims."""
    claims: dict[str, Any] = {
        "sub": principal.subject,
        "sid": principal.session,
        "roles": sorted(principal.roles),
        "scope": list(principal.scope),
        "grants": list(principal.grants),
    }
    if principal.person_id:
        claims["person"] = principal.person_id
    if principal.staff_id:
        claims["staff"] = principal.staff_id
    if principal.organisation:
        claims["org"] = str(principal.organisation)
    return claims


def principal_of(claims: Mapping[str, Any]) -> Principal:
    """The principal that verified claims describe. Raises InvalidToken when their shape is wrong."""
    roles, scope, grants = claims.get("roles"), claims.get("scope"), claims.get("grants", [])
    for value in (roles, scope, grants):
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            raise InvalidToken
    sid, person, staff = claims.get("sid", ""), claims.get("person"), claims.get("staff")
    if not isinstance(sid, str) or not isinstance(person, str | None) or not isinstance(staff, str | None):
        raise InvalidToken
    organisation = claims.get("org")
    if not isinstance(organisation, str | None):
        raise InvalidToken
    bound = Organisation.read(organisation) if organisation is not None else None
    return Principal(str(claims["sub"]), sid, frozenset(roles or ()), tuple(scope or ()), tuple(grants), person, staff, bound)
