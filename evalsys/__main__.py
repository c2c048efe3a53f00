"""``python -m evalsys`` is the console script."""

from evalsys.cli import main

main(prog_name="evalsys")
