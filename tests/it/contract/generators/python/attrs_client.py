"""Uses what openapi-python-client makes of both documents, the packages `app` and `admin` beside its working directory."""

import datetime
import os
import sys

sys.path.insert(0, os.getcwd())

from admin import AuthenticatedClient as AdminClient
from admin.api.figures import config, events, review, stats
from admin.api.locks import lock, locks, unlock
from admin.api.subjects import erase, export, inspect
from admin.models import DataSubject, Erase, Inspect, Lock, Unlock
from app import AuthenticatedClient
from app.api.codes import cancel, check, delivery, get, report, send, status
from app.api.guard import guard_failure, guard_request, guard_success
from app.api.health import readyz
from app.models import (
    Check,
    Delivery,
    DeliveryOutcome,
    GuardCall,
    Problem,
    ProblemCode,
    Report,
    ReportReason,
    Send,
    State,
    SubjectPurpose,
    VerdictReason,
)

IP = "203.0.113.7"
client = AuthenticatedClient(base_url=os.environ["APP"], token=os.environ["KEY"])
operator = AdminClient(base_url=os.environ["ADMIN"], token=os.environ["ADMIN_KEY"])


def issue(subject):
    issued = send.sync(client=client, body=Send(subject=subject, ip=IP))
    assert issued.code.isdigit() and isinstance(issued.expires_at, datetime.datetime), issued
    return issued


def codes():
    assert readyz.sync(client=client).status == "ready"
    issued = issue("ann@example.com")
    wrong = f"{(int(issued.code) + 1) % 10 ** len(issued.code):0{len(issued.code)}}"
    verdict = check.sync(client=client, body=Check(id=issued.id, code=wrong, ip=IP))
    assert (verdict.valid, verdict.reason, verdict.attempts_left) == (False, VerdictReason.WRONG_CODE, 4), verdict
    body = Check(subject="ann@example.com", purpose="login", code=issued.code, ip=IP)
    verdict = check.sync(client=client, body=body, idempotency_key="once")
    assert verdict.valid and verdict.id == issued.id, verdict
    again = check.sync_detailed(client=client, body=body, idempotency_key="once")
    assert again.parsed == verdict and again.headers["idempotent-replayed"] == "true", again
    assert get.sync(issued.id, client=client).status == State.APPROVED
    assert cancel.sync(issue("bob").id, client=client).status == State.CANCELED
    told = Delivery(outcome=DeliveryOutcome.DELIVERED, detail="250 OK")
    assert delivery.sync_detailed(issue("bob").id, client=client, body=told).status_code == 204
    not_me = Report(reason=ReportReason.NOT_ME)
    assert report.sync_detailed(issue("bob").id, client=client, body=not_me).status_code == 204


def refusals():
    problem = send.sync(client=client, body=Send(subject="ann@example.com", ip="nowhere"))
    assert isinstance(problem, Problem) and (problem.code, problem.field) == (ProblemCode.INVALID_FIELD, "ip"), problem
    assert get.sync("x", client=client).code == ProblemCode.NOT_FOUND
    stranger = AuthenticatedClient(base_url=os.environ["APP"], token="x")
    assert send.sync(client=stranger, body=Send(subject="ann@example.com", ip=IP)).code == ProblemCode.UNAUTHENTICATED


def guard():
    call = GuardCall(subject="cid", purpose="totp", ip=IP)
    assert guard_request.sync(client=client, body=call).allowed
    assert guard_failure.sync(client=client, body=call).attempts_left == 4
    assert not guard_success.sync(client=client, body=SubjectPurpose(subject="cid", purpose="totp")).locked
    for _ in range(5):
        result = guard_failure.sync(client=client, body=call)
    assert result.locked and result.retry_after > 0 and isinstance(result.locked_until, datetime.datetime), result
    stands = status.sync(client=client, body=SubjectPurpose(subject="cid"))
    assert stands.locked and stands.locked_until == result.locked_until and stands.next_request_in > 0, stands
    problem = guard_request.sync(client=client, body=call)
    assert (problem.code, problem.limit.name) == (ProblemCode.SUBJECT_LOCKED, "subject_failures"), problem


def operators():
    page = locks.sync(client=operator, limit=10)
    assert [one.reason for one in page.locks] == ["too_many_failures"], page
    held = inspect.sync(client=operator, body=Inspect(subject="cid"))
    assert held.lock.failures == 5 and held.blocked_by[0].rule == "subject_locked" and held.network is None, held
    assert unlock.sync(client=operator, body=Unlock(subject_ref=held.subject_ref, reason="called")).unlocked == 1
    assert lock.sync(client=operator, body=Lock(subject="dan", minutes=5, reason="stolen")).changed
    assert stats.sync(client=operator).as_of is not None and review.sync(client=operator, since="1d").figures
    assert events.sync(client=operator, limit=5).next_cursor
    assert config.sync(client=operator).additional_properties["OTP_LENGTH"] == 6
    assert export.sync(client=operator, body=DataSubject(subject="cid")).subject_ref == held.subject_ref
    assert erase.sync(client=operator, body=Erase(subject="cid", reason="asked")).erased


for part in (codes, refusals, guard, operators):
    part()
    print(f"{part.__name__}: done")
