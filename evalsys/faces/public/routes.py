"""What everybody may see."""

from __future__ import annotations

from flask import Blueprint, jsonify
from sqlalchemy import text

from evalsys.accounts.permissions import public
from evalsys.base.database import db

blueprint = Blueprint("public", __name__, template_folder="templates")


@blueprint.get("/healthz")
@public
def show_health():
    """Whether this process can answer and reach its database."""
    db.session.execute(text("SELECT 1"))
    return jsonify(status="ok")
