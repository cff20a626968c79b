import http.client, json, os, secrets, time, urllib.request

API = os.environ.get("OTP_URL", "http://127.0.0.1:8080") + "/v1/verifications"
KEY = os.environ.get("OTP_KEY")  # a secret of OTP_API_KEYS; without keys, none

class Refused(Exception):
    """A refusal; its text is for the user. Any other exception is a mistake in the program."""

class Plain(urllib.request.HTTPErrorProcessor):  # a refusal is an answer, not an exception
    http_response = https_response = lambda self, request, response: response

HTTP = urllib.request.build_opener(Plain, urllib.request.ProxyHandler({}))

def call(path, **body):
    headers = {"Content-Type": "application/json", "Idempotency-Key": secrets.token_urlsafe(16)}
    if KEY: headers["Authorization"] = "Bearer " + KEY
    request = urllib.request.Request(API + path, json.dumps(body).encode(), headers)
    for pause in (0.5, 1, 2, 0):  # no answer, 409, 502 to 504: repeat under the same key
        try:
            with HTTP.open(request, timeout=3) as got: status, text = got.status, got.read()
        except (OSError, http.client.HTTPException): status, text = 503, b""
        answer = json.loads(text) if status < 502 else {}  # a proxy's page may be in its place
        if status in (200, 201): return answer
        if status == 429 or answer.get("code") == "invalid_code": raise Refused(answer["detail"])
        if status not in (409, 502, 503, 504): raise RuntimeError(f"{status}: {answer}")
        time.sleep(pause)
    raise Refused("Codes cannot be sent or checked right now. Try again in a moment.")

def send(session, purpose, user, ip, known=True):
    """The code to send to `user`. For an unknown one None: send nothing, show the same page."""
    answer = call("", subject=user, purpose=purpose, subject_known=known, ip=ip)
    session["otp"] = {"id": answer["id"], "user": user}  # keep the session on the server
    return answer["code"] if known else None

def check(session, purpose, typed, ip):
    """The user who is now proven: give the session a new id, then sign them in."""
    if "otp" not in session: raise Refused("Ask for a code first.")
    answer = call("/check", id=session["otp"]["id"], purpose=purpose, code=typed, ip=ip)
    if answer["valid"] is True: return session.pop("otp")["user"]
    if answer["status"] == "locked": raise Refused("Too many wrong codes. Try again later.")
    if answer["status"] != "pending": raise Refused("That code no longer works. Ask for another.")
    raise Refused(f"That code is wrong. Attempts left: {answer['attempts_left']}.")
