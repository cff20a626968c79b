"""All that this site knows about one-time codes. The README beside it goes through it."""
import secrets

import requests
from django.conf import settings
from django.utils.dateparse import parse_datetime
from django.utils.timezone import localtime
from requests.adapters import HTTPAdapter
from urllib3 import Retry

DOWN = "Codes cannot be sent or checked right now. Try again in a moment."
_sidecar = requests.Session()
_sidecar.trust_env = False
_sidecar.headers.update({"Authorization": f"Bearer {settings.OTP_KEY}"} if settings.OTP_KEY else {})
_sidecar.mount(settings.OTP_URL, HTTPAdapter(max_retries=Retry(
    3, status_forcelist=(409, 502, 503, 504), allowed_methods=None, backoff_factor=0.5, respect_retry_after_header=False)))


class Refused(Exception):
    """No. It says what to tell the user, and `status` is the page's."""

    def __init__(self, words, status=200):
        super().__init__(words)
        self.status = status


def _post(path, body):
    try:
        answer = _sidecar.post(f"{settings.OTP_URL}/v1/verifications{path}", json=body, timeout=3,
                               headers={"Idempotency-Key": secrets.token_urlsafe(16)})
        told = answer.json() if answer.content else {}
    except requests.RequestException:
        raise Refused(DOWN, 503) from None
    if answer.status_code == 429 or told.get("code") == "invalid_code":
        raise Refused(told["detail"] + _end(told), answer.status_code)
    answer.raise_for_status()
    return told


def _client(request):
    agent = request.headers.get("User-Agent", "")[:256]
    return {"ip": request.META[settings.CLIENT_IP], "user_agent": agent or None}


def _end(told):
    until = told.get("locked_until")
    return f" Locked until {localtime(parse_datetime(until)):%d %B, %H:%M %Z}." if until else ""


def send(request, purpose, email, known):
    """The id of a new verification, and the code to mail: none if nobody is known by this address, or the sidecar mails."""
    told = _post("", {"subject": email, "purpose": purpose, "subject_known": known, "channel": settings.OTP_CHANNEL,
                      **_client(request)})
    request.session["otp"] = {"id": told["id"], "email": email}
    return told["id"], told.get("code") if known else None


def check(request, purpose, code):
    """The address that is proved to be the user's."""
    otp = request.session["otp"]
    told = _post("/check", {"id": otp["id"], "purpose": purpose, "code": code, **_client(request)})
    if told["valid"] is True:
        return told.get("to", request.session.pop("otp")["email"])
    if told["status"] == "pending":
        left = told["attempts_left"]
        raise Refused(f"That code is wrong. {left} attempt{'s' if left != 1 else ''} left.")
    if told["status"] == "locked":
        raise Refused("Too many wrong codes." + (_end(told) or " Contact support."))
    raise Refused("That code is no longer valid. Ask for a new one.")


def delivered(verification, well):
    """Tells the sidecar whether the mail went out, for its figures."""
    _post(f"/{verification}/delivery", {"outcome": "delivered" if well else "failed"})
