"""Tests speak to this machine only: a connection or look-up that would leave it is refused at once, with its address."""

from __future__ import annotations

import ipaddress
import socket

import pytest


class LeavesTheMachine(AssertionError):
    """A test tried to reach another machine."""


def is_local(host: str | bytes | None) -> bool:
    """Whether ``host`` is this machine: a loopback address, ``localhost``, or the wildcard that servers bind to."""
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost"):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def keep_on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make ``socket`` refuse every address outside this machine."""
    connect, connect_ex, getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def refuse_unless_local(host: str | bytes | None) -> None:
        if not is_local(host):
            raise LeavesTheMachine(f"a test tried to reach {host!r}; tests use this machine's loopback only")

    def host_of(address: object) -> str | None:
        return address[0] if isinstance(address, tuple) else None  # a path: a Unix socket

    def guarded_connect(self, address):
        refuse_unless_local(host_of(address))
        return connect(self, address)

    def guarded_connect_ex(self, address):
        refuse_unless_local(host_of(address))
        return connect_ex(self, address)

    def guarded_getaddrinfo(host, *args, **options):
        refuse_unless_local(host)
        return getaddrinfo(host, *args, **options)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
    monkeypatch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)
