"""From what a client presents to what a service accepts (DESIGN 6, SECURITY 4.1).

A token that has been verified is remembered by its hash until `exp`, together with the inner tokens minted from it; the revocation list is asked on every
hit, because a remembered token is exactly the one that somebody has to be able to stop. A token never seen before costs a signature check, so its address
pays for it first.
"""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime

from gateway.edge.limits import CALLER, UNKNOWN, Limiter
from gateway.edge.routes import Route
from kit.auth import (
    INNER,
    MAX_TOKEN,
    InvalidToken,
    Principal,
    SigningKey,
    TokenMemory,
    TokenVerifier,
    mint,
    principal_claims,
    principal_of,
)
from kit.problems import ROLE, Forbidden, Unauthenticated

INNER_ISSUER = "guikang-gateway"
INNER_LIFE = 60
"""Seconds (SECURITY 4.1)."""
INNER_SPARE = 15
"""A cached inner token is used no closer to its end than this, seconds: requests in flight still verify."""
REMEMBER = 10_000


class Visitor:
    """A caller whose token is valid, and the inner tokens made for the caller: service → (header value, use until)."""

    __slots__ = ("expires", "inner", "principal")

    def __init__(self, principal: Principal, expires: float) -> None:
        self.principal = principal
        self.expires = expires
        self.inner: dict[str, tuple[bytes, float]] = {}


class Guard:
    """Decides who may call a route. `verifier` must be for outer tokens (typ at+jwt, audience `guikang`, life at most 900 s)."""

    def __init__(
        self, verifier: TokenVerifier, inner_key: SigningKey, revoked: Container[str], limiter: Limiter, remember: int = REMEMBER
    ) -> None:
        self._verifier = verifier
        self._key = inner_key
        self._revoked = revoked
        self._limiter = limiter
        self._visitors: TokenMemory[Visitor] = TokenMemory(remember)

    def admit(self, authorization: bytes | None, address: str, now: datetime) -> Visitor:
        """Who this is. Raises Unauthenticated, the same for every reason, and TooMany."""
        if authorization is None or len(authorization) > MAX_TOKEN + 7 or authorization[:7].lower() != b"bearer ":
            raise Unauthenticated
        moment = now.timestamp()
        mark = TokenMemory.mark(authorization)
        try:
            visitor = self._visitors.get(mark, moment)
        except InvalidToken as error:
            raise Unauthenticated from error
        if visitor is None:
            self._limiter.take(UNKNOWN, address, moment)
            visitor = self._meet(authorization[7:], mark, now)
        if visitor.principal.session in self._revoked:
            self._visitors.drop(mark)
            raise Unauthenticated
        self._limiter.take(CALLER, visitor.principal.subject, moment)
        return visitor

    def _meet(self, token: bytes, mark: bytes, now: datetime) -> Visitor:
        try:
            claims = self._verifier.check(token.decode("ascii"), now)
            principal = principal_of(claims)
        except (InvalidToken, UnicodeDecodeError) as error:
            raise Unauthenticated from error
        jti = claims.get("jti")
        if not principal.session or not principal.subject or not isinstance(jti, str) or not jti:
            raise Unauthenticated  # without a session nobody could revoke it; without `jti` (RFC 9068 2.2) identity did not mint it
        visitor = Visitor(principal, float(claims["exp"]))
        self._visitors.keep(mark, visitor.expires, visitor)
        return visitor

    def allow(self, visitor: Visitor, route: Route, now: datetime) -> None:
        """Whether this visitor may call this route. Raises Forbidden, TooMany."""
        if route.roles.isdisjoint(visitor.principal.roles):
            raise Forbidden(errors=[ROLE])
        self._limiter.take(route.rate, visitor.principal.subject, now.timestamp())

    def still(self, visitor: Visitor, now: datetime) -> bool:
        """Whether a visitor admitted earlier would be admitted now: an endless stream ends with its session, or with its token."""
        return visitor.expires > now.timestamp() and visitor.principal.session not in self._revoked

    def inner(self, visitor: Visitor, service: str, now: datetime) -> bytes:
        """The Authorization value for a service: minted once per visitor and service, until shortly before it ends."""
        moment = now.timestamp()
        known = visitor.inner.get(service)
        if known is not None and moment < known[1]:
            return known[0]
        claims = principal_claims(visitor.principal)
        token = mint(self._key, typ=INNER, issuer=INNER_ISSUER, audience=service, claims=claims, now=now, life=INNER_LIFE)
        value = b"Bearer " + token.encode("ascii")
        visitor.inner[service] = (value, int(moment) + INNER_LIFE - INNER_SPARE)
        return value

    def forget(self) -> None:
        """Verify every token anew, after a signing key was withdrawn."""
        self._visitors.clear()
        self._verifier.forget()
