"""One place owns transactions, and no provider is called while one is open."""

from __future__ import annotations

import ast

import pytest

from tests.house.sources import list_files, name_of, parse

OWNER = "evalsys/base/database.py"


@pytest.mark.parametrize("path", list_files("evalsys/*.py", "wsgi.py"), ids=name_of)
def test_only_the_transaction_owner_spells_commit(path):
    if name_of(path) == OWNER:
        return
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            assert node.func.attr not in {"commit", "begin_nested"}, (
                f"{name_of(path)}:{node.lineno} ends a transaction; open evalsys.base.database.transaction() instead"
            )
