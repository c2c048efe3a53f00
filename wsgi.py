"""What a web server loads."""

from evalsys.app import create_app

app = create_app()
