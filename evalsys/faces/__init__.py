"""The faces: what each kind of person sees. A face reads queries, calls actions, and knows no other face."""

from __future__ import annotations

from flask import Flask

from evalsys.faces.accounts import routes as accounts
from evalsys.faces.auditor import routes as auditor
from evalsys.faces.commission import (
    board,
    call_centre,
    comments,
    lines,
    paper,
    paper_keying,
    quality,
    reports,
    two_people,
)
from evalsys.faces.commission import routes as commission
from evalsys.faces.department import routes as department
from evalsys.faces.designer import preview, questionnaires
from evalsys.faces.designer import routes as designer
from evalsys.faces.interviewer import routes as interviewer
from evalsys.faces.public import routes as public
from evalsys.faces.respondent import routes as respondent
from evalsys.faces.session import routes as session
from evalsys.faces.supervisor import invitations
from evalsys.faces.supervisor import routes as supervisor
from evalsys.faces.voice import routes as voice

FACES = (
    public,
    session,
    accounts,
    auditor,
    designer,
    questionnaires,
    preview,
    commission,
    two_people,
    board,
    call_centre,
    quality,
    reports,
    comments,
    lines,
    paper,
    paper_keying,
    interviewer,
    respondent,
    department,
    invitations,
    supervisor,
    voice,
)


def register_faces(app: Flask) -> None:
    """Give every face its place below the root; their blueprints are the table of contents of the site."""
    for face in FACES:
        app.register_blueprint(face.blueprint)
