"""Who may do what: every route states one permission, and a route that states none is closed to everybody."""

from __future__ import annotations

from collections.abc import Callable

#: role → what it may do. Three powers (system, security, audit) never meet in one role.
ROLES: dict[str, frozenset[str]] = {
    "designer": frozenset({"design.read", "design.edit", "fieldwork.read"}),
    "commission": frozenset(
        {
            "design.read",
            "fieldwork.read",
            "fieldwork.run",
            "frame.read",
            "quality.control",
            "scores.read",
            "scores.publish",
        }
    ),
    "interviewer": frozenset({"interview.conduct"}),
    "keyer": frozenset({"paper.key"}),
    "department": frozenset({"department.read"}),
    "supervisor": frozenset({"oversight.observe", "paper.sign"}),
    "auditor": frozenset({"oversight.audit", "design.read"}),
    "administrator": frozenset({"accounts.read", "accounts.open"}),
    "security": frozenset({"accounts.read", "accounts.secure"}),
}
#: the three powers: who opens accounts, who gives them roles and locks them, who reads the trail; never in one hand, nor with other work
POWERS = ("administrator", "security", "auditor")
PUBLIC = "public"
SIGNED_IN = "signed_in"
#: the telephone provider's callbacks: allowed by their signature, which the voice and sms faces check themselves.
PROVIDER = "provider"
#: the respondent's own link: allowed by its token, which the respondent face checks itself.
TOKEN = "token"


def require(permission: str) -> Callable:
    """State that a view needs ``permission``; enforced before every request by ``evalsys.app``."""
    known = {PUBLIC, SIGNED_IN, PROVIDER, TOKEN}.union(*ROLES.values())
    if permission not in known:
        raise ValueError(f"{permission!r} is not a permission; known are {', '.join(sorted(known))}")

    def mark(view: Callable) -> Callable:
        view.permission = permission
        return view

    return mark


public = require(PUBLIC)


def is_allowed(user, permission: str | None) -> bool:
    """Whether ``user`` (signed in or anonymous) may use a view that states ``permission``; ``None``, a view that forgot to, never."""
    if permission in (PUBLIC, PROVIDER, TOKEN):
        return True
    if permission is None or not user.is_authenticated:
        return False
    return permission == SIGNED_IN or any(permission in ROLES[role] for role in user.roles if role in ROLES)
