"""Ports that the supervisor chooses: nobody else gets one of them, whether its app runs or not."""

from __future__ import annotations

import socket

import pytest

from deploy.ports import QUIET, Reserved, free_port, port_is_free
from deploy.problems import PortTaken
from deploy.serving import listen


def test_a_chosen_port_is_free_and_none_that_outgoing_connections_get() -> None:
    port = free_port()
    assert port in QUIET
    assert port_is_free(port)


def test_a_reserved_port_is_kept_from_everybody_else() -> None:
    held = [Reserved() for _ in range(20)]
    try:
        assert len({one.port for one in held}) == 20
        assert not any(port_is_free(one.port) for one in held)
        with pytest.raises(PortTaken, match=str(held[0].port)):
            listen(held[0].port)
    finally:
        for one in held:
            one.close()
    assert port_is_free(held[0].port)


def test_the_app_of_a_reserved_port_comes_goes_and_comes_again() -> None:
    held = Reserved()
    for _ in range(3):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", held.port), timeout=5)
        with listen(held.port, reserved=True) as door, socket.create_connection(("127.0.0.1", held.port), timeout=5) as caller:
            guest, _ = door.accept()
            with guest:
                caller.sendall(b"x")
                assert guest.recv(1) == b"x"
    held.close()
