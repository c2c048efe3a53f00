"""Pages of the designer face."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("designer", __name__, template_folder="templates")
