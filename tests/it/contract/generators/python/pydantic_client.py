"""Uses what openapi-generator makes of both documents with `-g python`, the packages `app` and `admin` below its working directory."""

import datetime
import os
import sys

sys.path[:0] = [os.path.join(os.getcwd(), name) for name in ("app", "admin")]

import admin
import app
from admin.api import FiguresApi, LocksApi, SubjectsApi
from app.api import CodesApi, GuardApi, HealthApi

IP = "203.0.113.7"
api = app.ApiClient(app.Configuration(host=os.environ["APP"], access_token=os.environ["KEY"]))
stranger = app.ApiClient(app.Configuration(host=os.environ["APP"], access_token="x"))
operator = admin.ApiClient(admin.Configuration(host=os.environ["ADMIN"], access_token=os.environ["ADMIN_KEY"]))


def issue(subject):
    issued = CodesApi(api).send(app.Send(subject=subject, ip=IP))
    assert issued.code.isdigit() and isinstance(issued.expires_at, datetime.datetime), issued
    return issued


def refused(call, *arguments):
    try:
        call(*arguments)
    except app.ApiException as refusal:
        problem = app.Problem.from_json(refusal.body)
        assert problem.status == refusal.status
        return problem
    raise AssertionError("it was taken")


def codes():
    assert HealthApi(api).readyz().status == "ready"
    issued = issue("ann@example.com")
    wrong = f"{(int(issued.code) + 1) % 10 ** len(issued.code):0{len(issued.code)}}"
    verdict = CodesApi(api).check(app.Check(id=issued.id, code=wrong, ip=IP))
    assert (verdict.valid, verdict.reason, verdict.attempts_left) == (False, "wrong_code", 4), verdict
    body = app.Check(subject="ann@example.com", purpose="login", code=issued.code, ip=IP)
    verdict = CodesApi(api).check(body, idempotency_key="once")
    assert verdict.valid and verdict.id == issued.id, verdict
    again = CodesApi(api).check_with_http_info(body, idempotency_key="once")
    assert again.data == verdict and {name.lower() for name in again.headers} >= {"idempotent-replayed"}, again
    assert CodesApi(api).get(issued.id).status == app.State.APPROVED
    assert CodesApi(api).cancel(issue("bob").id).status == app.State.CANCELED
    CodesApi(api).delivery(issue("bob").id, app.Delivery(outcome="delivered", detail="250 OK"))
    CodesApi(api).report(issue("bob").id, app.Report(reason="not_me"))


def refusals():
    problem = refused(CodesApi(api).send, app.Send(subject="ann@example.com", ip="nowhere"))
    assert (problem.code, problem.var_field) == ("invalid_field", "ip")
    assert refused(CodesApi(api).get, "x").code == "not_found"
    assert refused(CodesApi(stranger).send, app.Send(subject="ann@example.com", ip=IP)).code == "unauthenticated"


def guard():
    call = app.GuardCall(subject="cid", purpose="totp", ip=IP)
    assert GuardApi(api).guard_request(call).allowed
    assert GuardApi(api).guard_failure(call).attempts_left == 4
    assert not GuardApi(api).guard_success(app.SubjectPurpose(subject="cid", purpose="totp")).locked
    for _ in range(5):
        result = GuardApi(api).guard_failure(call)
    assert result.locked and result.retry_after > 0 and isinstance(result.locked_until, datetime.datetime), result
    stands = CodesApi(api).status(app.SubjectPurpose(subject="cid"))
    assert stands.locked and stands.locked_until == result.locked_until and stands.next_request_in > 0, stands
    problem = refused(GuardApi(api).guard_request, call)
    assert (problem.code, problem.limit.name) == ("subject_locked", "subject_failures"), problem


def operators():
    page = LocksApi(operator).locks(limit=10)
    assert [one.reason for one in page.locks] == ["too_many_failures"], page
    held = SubjectsApi(operator).inspect(admin.Inspect(subject="cid"))
    assert held.lock.failures == 5 and held.blocked_by[0].rule == "subject_locked" and held.network is None, held
    assert LocksApi(operator).unlock(admin.Unlock(subject_ref=held.subject_ref, reason="called")).unlocked == 1
    assert LocksApi(operator).lock(admin.Lock(subject="dan", minutes=5, reason="stolen")).changed
    assert FiguresApi(operator).stats().as_of and FiguresApi(operator).review(since="1d").figures
    assert FiguresApi(operator).events(limit=5).next_cursor
    assert FiguresApi(operator).config()["OTP_LENGTH"] == 6
    assert SubjectsApi(operator).export(admin.DataSubject(subject="cid")).subject_ref == held.subject_ref
    assert SubjectsApi(operator).erase(admin.Erase(subject="cid", reason="asked")).erased


for part in (codes, refusals, guard, operators):
    part()
    print(f"{part.__name__}: done")
