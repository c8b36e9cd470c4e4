"""How often and how much: GCRA rate limits and bounded bodies (SECURITY 4.7).

GCRA keeps one instant per key, the theoretical arrival time: a request is on time when that instant is at most `burst - 1` intervals ahead. Memory is
per process; several gateway processes multiply a quota, which general limits bear and login does not rely on (its lockout is in the table).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from starlette.types import Message, Receive

from kit.problems import TooMany


@dataclass(frozen=True, slots=True)
class Quota:
    """`count` requests per `seconds` in the long run, `burst` at once."""

    count: int
    seconds: float
    burst: int

    @property
    def interval(self) -> float:
        """Seconds between two requests at the steady rate."""
        return self.seconds / self.count


UNKNOWN = "unknown"
CALLER = "caller"
ANYONE = "public"
STREAM = "stream"
REFUSED = "refused"
QUOTAS: dict[str, Quota] = {
    UNKNOWN: Quota(20, 1, 100),
    CALLER: Quota(50, 1, 200),
    ANYONE: Quota(20, 1, 100),
    REFUSED: Quota(50, 1, 400),
    "login": Quota(1, 1, 30),
    "refresh": Quota(5, 1, 60),
    "token": Quota(2, 1, 60),
    "read": Quota(50, 1, 200),
    "write": Quota(20, 1, 100),
    "search": Quota(5, 1, 30),
    "match": Quota(1, 1, 20),
    "checkin": Quota(20, 1, 100),
    "upload": Quota(30, 60, 60),  # an office brings its ledgers batch by batch
    "export": Quota(6, 60, 6),
    STREAM: Quota(12, 60, 20),
}
"""Per class: `unknown` per address before a token is verified, `caller` per principal over everything, the rest per principal (public routes: per address).
`refused` per address: what an unknown caller was turned
away from. Signing in, staying in and machines' tokens count apart, so that an office at its morning sign-in does not starve its own machines. `stream` also says that an answer has no end of its own."""


class Limiter:
    """Remembers arrival times for at most `capacity` keys; the oldest go first, so a flood of addresses cannot fill the memory."""

    def __init__(self, quotas: Mapping[str, Quota] | None = None, capacity: int = 100_000) -> None:
        self.quotas = dict(QUOTAS if quotas is None else quotas)
        self._steps = {name: (quota.interval, quota.interval * (quota.burst - 1)) for name, quota in self.quotas.items()}
        self._due: dict[tuple[str, str], float] = {}
        self._capacity = capacity

    def take(self, name: str, who: str, now: float) -> None:
        """Count one request of `who` in class `name` at `now` (seconds). Raises TooMany with Retry-After and RateLimit."""
        interval, slack = self._steps[name]
        key = (name, who)
        due = self._due.get(key, now)
        if due < now:
            due = now
        elif due > now + slack + interval:  # only a clock set back can do this; do not lock anyone out for it
            due = now + slack
        if due - now > slack:
            raise self._refusal(name, due - now - slack, due - now)
        self._due[key] = due + interval
        if len(self._due) > self._capacity:
            self._forget(now)

    def _refusal(self, name: str, wait: float, reset: float) -> TooMany:
        quota = self.quotas[name]
        seconds = max(1, math.ceil(wait))
        return TooMany(
            f"请于 {seconds} 秒后重试",
            f"Try again in {seconds} s",
            headers={
                "Retry-After": str(seconds),
                "RateLimit-Policy": f'"{name}";q={quota.burst};w={max(1, math.ceil(quota.interval * quota.burst))}',
                "RateLimit": f'"{name}";r=0;t={max(1, math.ceil(reset))}',
            },
        )

    def _forget(self, now: float) -> None:
        self._due = {key: due for key, due in self._due.items() if due > now}
        surplus = len(self._due) - self._capacity * 9 // 10
        for key in list(self._due)[: max(0, surplus)]:
            del self._due[key]


def address_key(client: tuple[str, int] | None) -> str:
    """Whose address this is: IPv4 whole, IPv6 by its /64, because one household owns a whole /64."""
    host = client[0] if client else ""
    if ":" not in host:
        return host
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return address.packed[:8].hex()


class BoundedBody:
    """`receive` that counts what a client really sends, whatever it announced; past the limit the app sees a client that left."""

    __slots__ = ("_left", "_receive", "exceeded")

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._left = limit
        self.exceeded = False

    async def __call__(self) -> Message:
        """The next message."""
        if self.exceeded:
            return {"type": "http.disconnect"}
        message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                self.exceeded = True
                return {"type": "http.disconnect"}
        return message
