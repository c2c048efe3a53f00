"""The demo's citizens can write back, and what they write arrives."""

from __future__ import annotations

from urllib.parse import urlsplit

from evalsys.cli.year import Year
from tests.evalsys.installation import ROUND, tiny_city


class Desk:
    """A control desk that only writes down what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple] = []

    def ask(self, *request) -> dict:
        """Write a request down."""
        self.asked.append(request)
        return {}


def test_the_simulator_is_told_where_the_product_takes_what_citizens_write_back(opened):
    year = Year(home=opened.home, scale=0, seed=1)
    year.app, year.files = opened.app, tiny_city()
    desk = Desk()
    year._settle_citizens(desk, ROUND, "mid_year")
    ((_, _, about),) = desk.asked
    base = opened.runtime.settings.public_base_url
    assert about["inbound_url"].startswith(base)
    path = urlsplit(about["inbound_url"]).path
    assert opened.app.url_map.bind("").match(path, "POST") == ("voice.take_message", {})
