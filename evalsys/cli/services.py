"""``evalsys serve``, ``worker`` and ``simulator``."""

from __future__ import annotations

import threading

import click

from evalsys.app import create_app
from evalsys.base.config import read_settings
from evalsys.base.serving import serve as serve_application
from evalsys.cli.context import speaks_plainly
from evalsys.fieldwork import jobs as _jobs  # noqa: F401  registers the kinds of job
from evalsys.gateways.simulator.faults import Faults
from evalsys.gateways.simulator.server import run_simulator
from evalsys.outbox.worker import make_celery, work_by_polling
from evalsys.results import reports as _reports  # noqa: F401  registers its kind of job

address = [
    click.option("--host", default="127.0.0.1", show_default=True),
    click.option("--quiet", is_flag=True, help="Log warnings only."),
]


def reachable(command):
    """The options of a command that serves."""
    for option in address:
        command = option(command)
    return command


@click.command()
@click.option("--port", default=8000, show_default=True)
@click.option("--workers", default=1, show_default=True, help="Processes.")
@click.option("--threads", default=4, show_default=True, help="Threads of each process.")
@reachable
@speaks_plainly
def serve(host: str, port: int, workers: int, threads: int, quiet: bool) -> None:
    """Serve the web pages and the addresses that the telephone provider calls."""
    read_settings()
    serve_application(create_app, host=host, port=port, workers=workers, threads=threads, quiet=quiet)


@click.command()
@click.option("--processes", default=1, show_default=True, help="Worker processes, where a broker is configured.")
@speaks_plainly
def worker(processes: int) -> None:
    """Do the jobs: by polling, or, where EVALSYS_BROKER_URL names a broker, woken through it."""
    app = create_app()
    if not app.extensions["evalsys"].settings.broker_url:
        work_by_polling(app, threading.Event())
        return
    options = ["--without-gossip", "--without-mingle", f"--concurrency={processes}", "--loglevel=WARNING"]
    make_celery(app).worker_main(["worker", *options])


@click.command()
@click.option("--port", default=8010, show_default=True)
@click.option("--conducted", is_flag=True, help="Let time pass only when told to (POST /simulator/run).")
@click.option("--faults", default="", help="What goes wrong on purpose, as shares: drop=.1,double=.1,machine=.2.")
@reachable
@speaks_plainly
def simulator(host: str, port: int, conducted: bool, faults: str, quiet: bool) -> None:
    """Run the simulated telephone provider on loopback."""
    try:
        planned = Faults.from_words(faults)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--faults") from error
    settings = read_settings()
    run_simulator(
        settings.twilio_account_sid,
        settings.twilio_auth_token,
        settings.clock,
        host=host,
        port=port,
        conducted=conducted,
        faults=planned,
        quiet=quiet,
    )
