"""Whose address a request comes from, behind proxies that the county trusts (RFC 7239, X-Forwarded-For).

By default no proxy is trusted and the header is ignored, because its sender would choose the address that limits count by. Of a trusted
proxy the header is read from its right end: each entry was written by the hop before it, so the first address that is not a trusted proxy
is the client's.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from starlette.types import Scope

Client = tuple[str, int] | None
MOST_HOPS = 10


class TrustedProxies:
    """The proxies whose header names the client. Raises ValueError for what is not an address or a network."""

    def __init__(self, listed: Iterable[str] = ()) -> None:
        self._networks: tuple[IPv4Network | IPv6Network, ...] = tuple(ip_network(text.strip()) for text in listed if text.strip())

    def client(self, scope: Scope) -> Client:
        """Address and port of the client; the peer itself when it is not a trusted proxy, or says nothing that can be read."""
        peer: Client = scope.get("client")
        if not self._networks:
            return peer
        if peer is None or not self._trusts(peer[0]):
            return peer
        told = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
        hops = [part.strip() for part in b",".join(told).decode("latin-1").split(",")]
        for hop in reversed(hops[-MOST_HOPS:]):
            try:
                address = str(ip_address(hop))
            except ValueError:
                return peer  # a proxy that we trust writes addresses; this one did not
            if not self._trusts(address):
                return address, 0
        return peer

    def _trusts(self, host: str) -> bool:
        try:
            address = ip_address(host.partition("%")[0])
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self._networks)
