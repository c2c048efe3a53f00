"""The services that other tests lean on do what they promise."""

from __future__ import annotations

import socket

import psycopg
import pytest
import redis

from tests.services.loopback import LeavesTheMachine


def test_a_connection_to_another_machine_is_refused_with_its_address():
    with socket.socket() as leaving, pytest.raises(LeavesTheMachine, match="192.0.2.1"):
        leaving.connect(("192.0.2.1", 80))


def test_a_name_of_another_machine_is_not_even_looked_up():
    with pytest.raises(LeavesTheMachine, match="example.org"):
        socket.getaddrinfo("example.org", 80)


@pytest.mark.postgres
def test_two_databases_of_the_postgres_server_do_not_share_tables(postgres_server):
    first, second = (postgres_server.create_database() for _ in range(2))
    with psycopg.connect(first.replace("+psycopg", "")) as connection:
        connection.execute("CREATE TABLE mark (id int)")
    with psycopg.connect(second.replace("+psycopg", "")) as connection:
        assert connection.execute("SELECT to_regclass('mark')").fetchone() == (None,)
    postgres_server.drop_database(first)
    postgres_server.drop_database(second)


@pytest.mark.postgres
def test_postgres_orders_text_bytewise_as_the_frame_does(postgres_url):
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        rows = connection.execute("SELECT x FROM unnest(ARRAY['b', 'B', '中', 'a']) AS x ORDER BY x").fetchall()
    assert [row[0] for row in rows] == ["B", "a", "b", "中"]


def test_redis_answers_and_starts_empty(redis_url):
    client = redis.Redis.from_url(redis_url)
    assert client.ping()
    assert client.dbsize() == 0


@pytest.mark.browser
def test_chromium_has_a_font_that_tells_chinese_letters_apart(page):
    page.set_content("<p id=a>测</p><p id=b>评</p><style>p { width: 40px; font: 24px sans-serif }</style>")
    assert page.locator("#a").screenshot() != page.locator("#b").screenshot(), (
        "both letters are drawn as the same empty box"
    )
