"""Twilio's own client for Python as an app uses it: only the line with BASE is not what it was."""
import datetime
import os
import re
import time

from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

ACCOUNT, LOGIN, BRIEF, RIGHT = "AC" + "0" * 32, os.environ["LOGIN"], os.environ["BRIEF"], "424242"
client = Client(ACCOUNT, os.environ["KEY"])
if "BASE" in os.environ:
    client.verify.base_url = os.environ["BASE"]
service, brief = client.verify.v2.services(LOGIN), client.verify.v2.services(BRIEF)


def number(n):
    return "+155501%s%d" % (os.environ["WHO"], n)


def create(n, of=service):
    return of.verifications.create(to=number(n), channel="sms")


def check(n, code, of=service):
    return of.verification_checks.create(to=number(n), code=code)


def fails(status, code, call, *arguments, **named):
    try:
        call(*arguments, **named)
    except TwilioRestException as error:
        assert (error.status, error.code) == (status, code), (error.status, error.code, error.msg)
        return error.msg
    raise AssertionError("it went well")


def done(what):
    print(what + ": done", flush=True)


soon_over = create(0, brief)

verification = create(1)
assert verification.status == "pending" and verification.to == number(1) and verification.channel == "sms"
assert re.match("^VE[0-9a-fA-F]{32}$", verification.sid) and verification.account_sid == ACCOUNT
assert isinstance(verification.date_created, datetime.datetime), verification.date_created
done("create")
wrong = check(1, "111111")
assert (wrong.status, wrong.valid, wrong.sid) == ("pending", False, verification.sid)
done("wrong")
right = check(1, RIGHT)
assert (right.status, right.valid, right.channel) == ("approved", True, "sms"), right.status
said = fails(404, 20404, check, 1, RIGHT)
assert "The requested resource /Services/%s/VerificationCheck was not found" % LOGIN in said, said
done("right")

create(2)
said = [check(2, "11111%d" % n).status for n in range(5)]
assert said == ["pending"] * 4 + ["max_attempts_reached"], said
fails(429, 60202, check, 2, RIGHT)
done("too many")

create(3)
fails(429, 60203, create, 3)
done("too soon")

canceled = create(4)
assert service.verifications(canceled.sid).update(status="canceled").status == "canceled"
assert service.verifications(canceled.sid).fetch().status == "canceled"
fails(404, 20404, lambda: service.verifications(canceled.sid).update(status="canceled"))
fails(404, 20404, check, 4, RIGHT)
done("cancel")

found = create(5)
assert service.verifications(found.sid).fetch().status == "pending"
assert service.verifications(number(5)).fetch().sid == found.sid
assert service.fetch().code_length == 6
done("fetch")

fails(404, 20404, check, 6, RIGHT)
fails(404, 20404, service.verifications("VE" + "0" * 32).fetch)
fails(404, 20404, client.verify.v2.services("VA" + "0" * 32).verifications.create, to=number(6), channel="sms")
done("unknown")

fails(400, 60200, service.verifications.create, to="12", channel="sms")
fails(400, 60200, service.verifications.create, to=number(6), channel="pigeon")
fails(400, 60223, service.verifications.create, to=number(6), channel="call")
fails(400, 60200, check, 5, "12")
stranger = Client(ACCOUNT, "x" * 32)
stranger.verify.base_url = client.verify.base_url
fails(401, 20003, stranger.verify.v2.services(LOGIN).verifications.create, to=number(6), channel="sms")
done("bad")

while brief.verifications(soon_over.sid).fetch().status != "expired":
    time.sleep(0.3)
fails(404, 20404, check, 0, RIGHT, brief)
done("expired")
