"""The processes of a rehearsal have their ports to themselves."""

from __future__ import annotations

import socket

import pytest

from evalsys.base.errors import Refused
from evalsys.cli.stage import SIMULATOR_OFFSET, make_environment, stage
from tests.small_city import free_port


@pytest.mark.parametrize("above", [0, SIMULATOR_OFFSET])
def test_a_port_at_which_somebody_else_serves_is_refused_by_number(tmp_path, above):
    port = free_port()
    with socket.socket() as other:
        other.bind(("127.0.0.1", port + above))
        other.listen()
        with pytest.raises(Refused, match=f"Port {port + above} of this machine is in use"):
            stage(make_environment(tmp_path, port), port).__enter__()
