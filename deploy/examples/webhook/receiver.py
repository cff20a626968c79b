"""Takes events of otp-sidecar: WEBHOOK_SECRET=whsec_… python receiver.py (pip install standardwebhooks)."""
import json, os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from standardwebhooks import Webhook, WebhookVerificationError

webhook, seen = Webhook(os.environ["WEBHOOK_SECRET"]), set()  # a table of the app's, with a unique key

class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        try:
            body = self.rfile.read(int(self.headers["content-length"]))
            event = webhook.verify(body, dict(self.headers.items()))
        except (WebhookVerificationError, TypeError, ValueError):  # it, its encoding or its length is wrong
            return self.answer(401)
        if self.headers["webhook-id"] not in seen:  # the same event may come twice
            line = f"{event['type']} {json.dumps(event['data'])}\n"
            print(line, end="", flush=True)  # here: tell the user
            seen.add(self.headers["webhook-id"])
        self.answer(204)  # only now: what is not answered so comes again

    def answer(self, status):
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_):
        pass

ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "9000"))), Receiver).serve_forever()
