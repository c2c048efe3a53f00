"""Gateways to what stands outside: the telephone port and its providers."""

from __future__ import annotations

from evalsys.base.config import Settings
from evalsys.gateways.port import Telephone


def make_telephone(settings: Settings) -> Telephone:
    """The provider that the settings name; the simulator speaks Twilio's language at an address of its own."""
    if settings.telephone == "files":
        from evalsys.gateways.files import CallCentreFiles

        return CallCentreFiles()
    from evalsys.gateways.twilio import TwilioTelephone

    base_url = settings.twilio_base_url if settings.telephone == "simulator" else ""
    return TwilioTelephone(settings.twilio_account_sid, settings.twilio_auth_token, base_url)
