"""Mails, sent behind the answer: a page must not take longer for an address that has an account.

A site with a task queue hands them to that.
"""
import logging
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string

from . import otp

log = logging.getLogger(__name__)
_queue = ThreadPoolExecutor(max_workers=2, thread_name_prefix="mail")


def code(verification, purpose, email, digits):
    """Mails a code and tells the sidecar how that went."""
    _queue.submit(_code, verification, purpose, email, digits)


def known_already(email):
    """Tells the owner of an account that somebody wanted to register with its address."""
    _queue.submit(_send, email, "known_already", {})


def _code(verification, purpose, email, digits):
    well = _send(email, purpose, {"code": digits})
    try:
        otp.delivered(verification, well)
    except Exception:
        log.warning("the outcome of a mail could not be told")


def _send(email, template, context):
    text = render_to_string(f"accounts/mail/{template}.txt", context)
    try:
        send_mail(f"[{settings.SITE_NAME}] Your account", text, None, [email])
    except Exception as error:
        # Neither the address nor the code.
        log.error("a mail could not be sent: %s", type(error).__name__)
        return False
    return True
