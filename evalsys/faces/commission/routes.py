"""Pages of the commission face."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("commission", __name__, template_folder="templates")
