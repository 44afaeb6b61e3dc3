"""Takes in the sidecar's webhooks: WEBHOOK_SECRET=whsec_... python3 webhook.py PORT DATABASE_FILE"""
import base64, hmac, json, os, sqlite3, sys, time
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from exactly_once import apply

SECRET = base64.b64decode(os.environ["WEBHOOK_SECRET"].removeprefix("whsec_"))

def is_genuine(headers, body):
    message_id, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    digest = hmac.digest(SECRET, f"{message_id}.{at}.".encode() + body, "sha256")
    expected = b"v1," + base64.b64encode(digest)
    given = headers.get("webhook-signature", "").split()
    fits = any(hmac.compare_digest(expected, one.encode()) for one in given)
    return fits and at.isdecimal() and abs(time.time() - int(at)) < 300

class Webhook(BaseHTTPRequestHandler):
    timeout = 10  # seconds, for whoever does not finish what he sends

    def do_POST(self):
        length = self.headers.get("content-length", "")
        is_small = length.isdecimal() and len(length) < 7  # an event is; and read(-1) would not return
        body = self.rfile.read(int(length)) if is_small else b""
        if genuine := is_genuine(self.headers, body):
            with closing(sqlite3.connect(sys.argv[2])) as db, db:
                apply(db, json.loads(body))  # what it raises leaves no answer: the event comes again
        self.send_response(204 if genuine else 401)
        self.end_headers()

ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Webhook).serve_forever()
