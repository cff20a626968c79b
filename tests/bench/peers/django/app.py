"""One-time codes as an app on Django would have them: its cache over django-redis, with the limits of the preset
`hardened`. Served by gunicorn.

REDIS   path of Redis's socket
HASHER  `hmac` stores a keyed digest; `pbkdf2_sha256` and `argon2` what Django's password hasher of that name makes
CHARGE  `first` charges an attempt before it compares; otherwise a failure is charged once it is known
"""

import json
import os
import secrets

from django.conf import settings

HASHERS = {
    "pbkdf2_sha256": "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "argon2": "django.contrib.auth.hashers.Argon2PasswordHasher",
}
HASHER = os.environ.get("HASHER", "hmac")

settings.configure(
    SECRET_KEY=secrets.token_hex(32),
    ALLOWED_HOSTS=["localhost"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    PASSWORD_HASHERS=[HASHERS.get(HASHER, HASHERS["pbkdf2_sha256"])],
    CACHES={
        "default": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": f"unix://{os.environ['REDIS']}?db=0",
            "OPTIONS": {"CLIENT_CLASS": "django_redis.client.DefaultClient"},
        }
    },
)

from django.contrib.auth.hashers import check_password, make_password  # noqa: E402
from django.core.cache import cache  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import JsonResponse  # noqa: E402
from django.urls import path  # noqa: E402
from django.utils.crypto import constant_time_compare, salted_hmac  # noqa: E402
from django.views.decorators.http import require_GET, require_POST  # noqa: E402

HOUR = 3600
LIFETIME = 300
COOLDOWN = 60
LOCKOUT = 900
MAX_SENDS, MAX_IP_SENDS = 3, 5
MAX_FAILURES, MAX_IP_FAILURES = 5, 50


def digest(subject, code):
    return salted_hmac("otp", f"{subject}\0{code}", algorithm="sha256").hexdigest()


def stored_form(subject, code):
    return digest(subject, code) if HASHER == "hmac" else make_password(code)


def matches(subject, code, stored):
    if HASHER == "hmac":
        return constant_time_compare(digest(subject, code), stored)
    return check_password(code, stored)


def count(key, window):
    """One more; answers how many there are in the window."""
    try:
        return cache.incr(key)
    except ValueError:
        return 1 if cache.add(key, 1, timeout=window) else cache.incr(key)


def refused(wait):
    return JsonResponse({"code": "too_many", "retry_after": wait}, status=429, headers={"Retry-After": str(wait)})


@require_GET
def ready(_request):
    cache.get("ready")
    return JsonResponse({"ready": True})


@require_POST
def send(request):
    body = json.loads(request.body)
    subject, ip = body["subject"], body["ip"]
    if not cache.add(f"cooldown:{subject}", 1, timeout=COOLDOWN):
        return refused(COOLDOWN)
    if count(f"sends:{subject}", HOUR) > MAX_SENDS or count(f"ip-sends:{ip}", HOUR) > MAX_IP_SENDS:
        return refused(HOUR)
    code = f"{secrets.randbelow(1_000_000):06}"
    cache.set(f"code:{subject}", stored_form(subject, code), timeout=LIFETIME)
    return JsonResponse({"id": subject, "status": "pending", "code": code, "expires_in": LIFETIME}, status=201)


@require_POST
def check(request):
    body = json.loads(request.body)
    subject, code, ip = body["id"], body["code"], body["ip"]
    user, network = f"failures:{subject}", f"ip-failures:{ip}"
    first = os.environ.get("CHARGE") == "first"
    if first:
        if count(user, LOCKOUT) > MAX_FAILURES or count(network, HOUR) > MAX_IP_FAILURES:
            return refused(LOCKOUT)
    elif cache.get(user, 0) >= MAX_FAILURES or cache.get(network, 0) >= MAX_IP_FAILURES:
        return refused(LOCKOUT)
    stored = cache.get(f"code:{subject}")
    if stored is not None and matches(subject, code, stored):
        cache.delete_many([f"code:{subject}", user])
        return JsonResponse({"valid": True, "status": "approved"})
    if not first:
        count(user, LOCKOUT)
        count(network, HOUR)
    return JsonResponse({"valid": False, "reason": "wrong_code"})


urlpatterns = [
    path("readyz", ready),
    path("v1/verifications", send),
    path("v1/verifications/check", check),
]

application = get_wsgi_application()
