"""Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--no-first-run",
]


@contextmanager
def run_chromium() -> Iterator[Browser]:
    """Start a headless browser that reaches nothing but this machine; it ends when the block does."""
    program = shutil.which("chromium")
    if program is None:
        raise FileNotFoundError(
            "Chromium is not installed. Run ./dev test, which installs it, or apt-get install chromium."
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()
