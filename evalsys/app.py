"""The one place of wiring: settings → extensions → faces → errors → commands."""

from __future__ import annotations

from importlib import import_module

import structlog
from flask import Flask, abort, g, jsonify, redirect, render_template, request, session, url_for
from flask_babel import Babel, gettext
from flask_login import LoginManager, current_user
from flask_migrate import Migrate
from flask_talisman import Talisman
from flask_wtf import CSRFProtect
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException

from evalsys.accounts.actions import refuse_page
from evalsys.accounts.models import User
from evalsys.accounts.permissions import PROVIDER, PUBLIC, SIGNED_IN, TOKEN, is_allowed
from evalsys.base.clock import Clock, clock_from
from evalsys.base.config import Settings, read_settings
from evalsys.base.crypto import Keyring
from evalsys.base.database import db, prepare_engine, time_of_database, transaction
from evalsys.base.errors import EvalsysError
from evalsys.base.logging import configure_logging
from evalsys.base.runtime import Runtime, current_runtime
from evalsys.faces import register_faces
from evalsys.faces.session.routes import find_duty_page
from evalsys.faces.words import add_words, translate_values
from evalsys.gateways import make_telephone
from surveys.errors import SurveyError

# Every room's tables are known before a migration compares them with the database.
for room in (
    "assessment",
    "audit",
    "design",
    "fieldwork",
    "hotline",
    "outbox",
    "oversight",
    "results",
    "samples",
    "units",
):
    import_module(f"evalsys.{room}.models")
import_module("evalsys.fieldwork.paper_models")
import_module("evalsys.fieldwork.text_models")

log = structlog.get_logger()
LANGUAGES = ("zh_Hans", "en")
#: the hash is that of the empty style element, without which plotly cannot lay out its figures
EMPTY_STYLE = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
CONTENT_SECURITY_POLICY = {
    "default-src": "'self'",
    "script-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "img-src": ["'self'", "data:"],
    "style-src": ["'self'", EMPTY_STYLE],
}
SMALL_BODY = 64 * 1024
migrate = Migrate(render_as_batch=True)


def create_app(settings: Settings | None = None, *, clock: Clock | None = None) -> Flask:
    """An application for ``settings`` (default: the environment's)."""
    settings = settings or read_settings()
    configure_logging()
    app = Flask("evalsys", static_folder="faces/static", template_folder="faces/templates")
    _configure(app, settings)
    app.extensions["evalsys"] = Runtime(
        settings=settings,
        clock=clock or clock_from(settings.clock, time_of_database(settings.database_url)),
        keyring=Keyring(settings.secret_key),
        telephone=make_telephone(settings),
    )
    _start_extensions(app, settings)
    register_faces(app)
    add_words(app)
    _guard(app)
    _answer_errors(app)
    return app


def _configure(app: Flask, settings: Settings) -> None:
    settings.home.mkdir(parents=True, exist_ok=True)
    app.config.update(
        SECRET_KEY=Keyring(settings.secret_key).key("sessions"),
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        BABEL_DEFAULT_LOCALE="zh_Hans",
        BABEL_DEFAULT_TIMEZONE="Asia/Shanghai",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.public_base_url.startswith("https:"),
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
        MAX_CONTENT_LENGTH=64 * 1024 * 1024,
    )


def _start_extensions(app: Flask, settings: Settings) -> None:
    db.init_app(app)
    with app.app_context():
        prepare_engine(db.engine)
    migrate.init_app(app, db, directory=_migrations_folder())
    Babel(app, locale_selector=choose_language)
    app.extensions["csrf"] = CSRFProtect(app)
    login = LoginManager(app)
    login.user_loader(_find_signed_in)
    https = settings.public_base_url.startswith("https:")
    Talisman(
        app,
        content_security_policy=CONTENT_SECURITY_POLICY,
        force_https=False,
        strict_transport_security=https,
        session_cookie_secure=https,
        referrer_policy="no-referrer",
    )

    @app.context_processor
    def page_context() -> dict:
        return {"languages": LANGUAGES, "language": choose_language(), "html_lang": choose_language().replace("_", "-")}


def _find_signed_in(user_id: str) -> User | None:
    """Whose session this is, unless it was ended elsewhere: by signing out everywhere, a lock, or new roles."""
    user = db.session.get(User, int(user_id))
    return user if user and user.session_epoch == session.get("epoch", 0) else None


def _migrations_folder() -> str:
    from pathlib import Path

    return str(Path(__file__).resolve().parent.parent / "migrations")


def choose_language() -> str:
    """The language of this page: asked for in the address, kept in a cookie, or what the browser prefers; else Chinese."""
    for wanted in (request.args.get("lang"), request.cookies.get("lang")):
        if wanted in LANGUAGES:
            return wanted
    best = request.accept_languages.best_match(["zh", "zh-CN", "zh-Hans", "en"])
    return "en" if best == "en" else "zh_Hans"


def _guard(app: Flask) -> None:
    """Default deny: a view that states no permission is closed; forms of people who sign in need their CSRF token."""

    @app.before_request
    def check_permission():
        if request.endpoint is None or request.endpoint == "static":
            return None
        permission = getattr(app.view_functions[request.endpoint], "permission", None)
        if not is_allowed(current_user, permission):
            if permission and not current_user.is_authenticated and request.method == "GET":
                return redirect(url_for("session.sign_in", next=request.full_path.rstrip("?")))
            if permission and is_allowed(current_user, "department.read"):
                _refuse_department()
            abort(403)
        if permission not in (PUBLIC, PROVIDER, TOKEN) and request.blueprint != "session":
            duty = find_duty_page(current_user)
            if duty:
                return redirect(url_for(duty)) if request.method == "GET" else abort(403)
        if permission in (PROVIDER, TOKEN):
            request.max_content_length = SMALL_BODY
        else:
            app.extensions["csrf"].protect()
        g.permission = permission
        return None

    @app.after_request
    def keep_language(response):
        wanted = request.args.get("lang")
        if wanted in LANGUAGES and g.get("permission") != TOKEN:
            response.set_cookie("lang", wanted, max_age=31_536_000, samesite="Lax")
        if g.get("permission") not in (None, "public") or g.get("permission") == SIGNED_IN:
            response.headers["Cache-Control"] = "no-store"
        return response


def _refuse_department() -> None:
    """A department learns of no page beyond its own, and its asking stands in the log."""
    clock = current_runtime().clock
    with transaction() as opened:
        refuse_page(opened, clock, current_user.name, request.full_path.rstrip("?"))


def _answer_errors(app: Flask) -> None:
    """Every error as a page that says what happened and what to do, in the reader's language."""

    def show(status: int, text: str, problems: list | None = None):
        if request.accept_mimetypes.best == "application/json":
            return jsonify(error=text), status
        return render_template("error.html", status=status, text=text, problems=problems or []), status

    @app.errorhandler(EvalsysError)
    def refuse(error: EvalsysError):
        db.session.rollback()
        return show(
            error.status, gettext(error.text, **translate_values(error.values)), getattr(error, "problems", None)
        )

    @app.errorhandler(SurveyError)
    def refuse_method(error: SurveyError):
        db.session.rollback()
        return show(422, error.sentence(gettext))

    @app.errorhandler(OperationalError)
    @app.errorhandler(PoolTimeoutError)
    def apologise(error: SQLAlchemyError):
        """The database is down, full or too busy: nothing of the request is kept, and nobody is thanked for it."""
        log.error("database unavailable", kind=type(error).__name__, path=request.url_rule and request.url_rule.rule)
        # Who is signed in stands in the database; the page is shown as to a stranger.
        app.login_manager._update_request_context_with_user()
        text = gettext(
            "Nothing can be kept here at this moment, and what you sent was not. Please send it again in a few minutes."
        )
        page, status = show(503, text)
        return page, status, {"Retry-After": "120"}

    @app.errorhandler(HTTPException)
    def explain(error: HTTPException):
        sentences = {
            400: gettext("The form could not be read or has expired. Go back, reload the page and send it again."),
            403: gettext("You may not open this page. Sign in with an account that may, or ask the commission."),
            404: gettext("There is no such page here."),
            405: gettext("This address cannot be used that way."),
            413: gettext("The file or form is too large."),
            429: gettext("Too many requests. Please wait a moment and try again."),
            500: gettext(
                "Something went wrong here, and what you sent was not kept. The fault was noted; please try again later."
            ),
        }
        status = error.code or 500
        return show(status, sentences.get(status, error.description or ""))
