"""Calls the sidecar as apps in Python do: with requests, httpx and what the standard library has."""

import http.client
import json
import os
import socket
import sys

import httpx
import requests

PLAIN, SECURE, UNIX, CA, KEY = (os.environ[name] for name in ("PLAIN", "SECURE", "UNIX", "CA", "KEY"))
# Bodies that stand for none, as JSON, beside no body at all.
EMPTY = os.environ["EMPTY"].split()
HEADERS = {"authorization": f"Bearer {KEY}"}
IP = "203.0.113.7"


def content(text, streamed):
    """A body as clients take it: none, text, or pieces of unknown length."""
    if text is None or not streamed:
        return text
    return (piece.encode() for piece in (text[:5], text[5:]))


def typed(text):
    return {} if text is None else {"content-type": "application/json"}


def session(name, call):
    """Sends, checks, asks and cancels; call(method, path, text, streamed) answers with status and JSON."""

    def expect(wanted, method, path, value=None, streamed=False, text=None):
        status, answer = call(method, path, text if value is None else json.dumps(value), streamed)
        assert status == wanted, (name, method, path, status, answer)
        return answer

    for probe in ("/livez", "/readyz"):
        expect(200, "GET", probe)
    subject = f"{name}@example.com"
    for streamed in (False, True):
        sent = expect(201, "POST", "/v1/verifications", {"subject": subject, "ip": IP}, streamed)
        checked = expect(
            200, "POST", "/v1/verifications/check", {"id": sent["id"], "code": sent["code"], "ip": IP}, streamed
        )
        assert checked["valid"] is True and checked["status"] == "approved", (name, checked)
        assert expect(200, "GET", f"/v1/verifications/{sent['id']}")["status"] == "approved"
        expect(200, "POST", "/v1/status", {"subject": subject}, streamed)
    sent = expect(201, "POST", "/v1/verifications", {"subject": subject, "ip": IP})
    for text in [None, *EMPTY]:
        cancelled = expect(200, "POST", f"/v1/verifications/{sent['id']}/cancel", text=text)
        assert cancelled["status"] == "canceled", (name, cancelled)
    print(f"{name}: done")


def with_requests():
    with requests.Session() as client:

        def call(method, path, text, streamed):
            headers = HEADERS | typed(text)
            answer = client.request(method, PLAIN + path, data=content(text, streamed), headers=headers, timeout=20)
            return answer.status_code, answer.json()

        session("requests", call)
        pools = client.get_adapter(PLAIN).poolmanager.pools
        opened = [pools[key].num_connections for key in pools.keys()]
        assert opened == [1], f"{opened} connections"


def with_httpx(name, base, version, **options):
    with httpx.Client(base_url=base, headers=HEADERS, timeout=20, **options) as client:

        def call(method, path, text, streamed):
            answer = client.request(method, path, content=content(text, streamed), headers=typed(text))
            assert answer.http_version == version, answer.http_version
            return answer.status_code, answer.json()

        session(name, call)


def with_the_standard_library():
    class Unix(http.client.HTTPConnection):
        def connect(self):
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.settimeout(20)
            self.sock.connect(UNIX)

    client = Unix("whatever.example")
    client.connect()
    first = client.sock

    def call(method, path, text, streamed):
        client.request(method, path, content(text, streamed), typed(text), encode_chunked=streamed)
        answer = client.getresponse()
        return answer.status, json.loads(answer.read())

    session("http.client", call)
    assert client.sock is first, "another connection"


if __name__ == "__main__":
    with_requests()
    with_httpx("httpx", PLAIN, "HTTP/1.1")
    with_httpx("httpx-unix", "http://unix", "HTTP/1.1", transport=httpx.HTTPTransport(uds=UNIX))
    with_httpx("httpx-http2", SECURE, "HTTP/2", http2=True, verify=httpx.create_ssl_context(verify=CA))
    with_the_standard_library()
    sys.exit(0)
