"""Pages of the session face."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("session", __name__, template_folder="templates")
