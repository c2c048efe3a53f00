"""Serving a WSGI application with gunicorn, started from Python."""

from __future__ import annotations

import gc
from collections.abc import Callable

from flask import Flask
from gunicorn.app.base import BaseApplication


class Server(BaseApplication):
    """Gunicorn around a factory that is called in each worker process, so that no connection is shared by a fork."""

    def __init__(self, factory: Callable[[], Flask], **options: object) -> None:
        self._factory, self._options = factory, options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        app = self._factory()
        spare_collections()
        return app


def spare_collections() -> None:
    """Leave what a process has loaded out of every later garbage collection, and collect seldom.

    A request makes thousands of short-lived objects and hardly a cycle; by default Python would look through all that
    was ever imported every few requests.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def serve(
    factory: Callable[[], Flask], *, host: str, port: int, workers: int = 1, threads: int = 4, quiet: bool = False
) -> None:
    """Serve until the process is told to end."""
    Server(
        factory,
        bind=f"{host}:{port}",
        workers=workers,
        threads=threads,
        worker_class="gthread",
        keepalive=75,
        timeout=120,
        graceful_timeout=5,
        loglevel="warning" if quiet else "info",
        control_socket_disable=True,
    ).run()
