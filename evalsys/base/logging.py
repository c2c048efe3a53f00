"""Logs as one JSON object a line; a token, number or answer never enters one."""

from __future__ import annotations

import logging
import re

import structlog

_TOKEN = re.compile(r"/q/[a-z2-7]{20,}")
_NUMBER = re.compile(r"\+?\d{8,15}")


def hide_private(logger, method, event: dict) -> dict:
    """Mask link tokens and telephone numbers in every text value, whoever logged them."""
    return {k: _NUMBER.sub("…", _TOKEN.sub("/q/…", v)) if isinstance(v, str) else v for k, v in event.items()}


def configure_logging(level: int = logging.INFO) -> None:
    """Set structlog up once per process."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            hide_private,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(),
    )
