"""Ports of 127.0.0.1 for servers without a given port, reserved so that no other program gets them meanwhile."""

from __future__ import annotations

import random
import socket

QUIET = range(20_000, 32_000)
"""The range that is searched: below the ports that kernels give to outgoing connections (from 32,768 on Linux), so that a client cannot
occupy one of ours.
"""


def port_is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen there now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: an address in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """A port that nothing listens on at this moment."""
    for _ in range(100):
        port = random.choice(QUIET)  # noqa: S311 - no secret: two programs should merely not choose the same one
        if port_is_free(port):
            return port
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Reserved:
    """A port that is ours from now until `close`, over all restarts of the server that listens there.

    The reserving socket never listens, so a connection is refused at once while the app behind it is down, and the app's next start finds its
    port as it left it (SO_REUSEPORT: only sockets of the same user that ask for it may share an address, socket(7)).
    """

    def __init__(self) -> None:
        self.port = free_port()  # checked by a bind that does not share the port, not even with other reservations
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._socket.bind(("127.0.0.1", self.port))

    def close(self) -> None:
        """Release the port."""
        self._socket.close()
