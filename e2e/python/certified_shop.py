"""A merchant's shop in a page of Python, without any kit: what docs/certify.md asks for, and nothing else.

    python3 certified_shop.py GATEWAY PARTNER KEY_FILE SELLER_EMAIL [careless]

It listens at a free port of 127.0.0.1 and prints its address. A careless one believes the signature alone.
"""

import hashlib
import json
import sys
import threading
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

GATEWAY, PARTNER, KEY_FILE, SELLER = sys.argv[1:5]
IS_CARELESS = sys.argv[5:] == ["careless"]
with open(KEY_FILE, "rb") as key_file:
    KEY = key_file.read().rstrip(b"\r\n")

ORDERS = {}
LOCK = threading.Lock()

PAID = {"WAIT_SELLER_SEND_GOODS", "WAIT_BUYER_CONFIRM_GOODS", "TRADE_SUCCESS", "TRADE_FINISHED"}
COURSE = ["WAIT_BUYER_PAY", "TRADE_PENDING", "WAIT_SELLER_SEND_GOODS", "WAIT_BUYER_CONFIRM_GOODS",
          "TRADE_SUCCESS", "TRADE_FINISHED"]
REFUND = ["WAIT_SELLER_AGREE", "SELLER_REFUSE_BUYER", "WAIT_BUYER_RETURN_GOODS", "WAIT_SELLER_CONFIRM_GOODS",
          "REFUND_CLOSED"]


def sign(pairs):
    """pairs: names and values in bytes."""
    kept = sorted((n, v) for n, v in pairs.items() if n not in (b"sign", b"sign_type") and v)
    return hashlib.md5(b"&".join(n + b"=" + v for n, v in kept) + KEY).hexdigest()


def read(query):
    pairs = {}
    for pair in query.split(b"&"):
        if not pair:
            continue
        name, _, value = pair.partition(b"=")
        name, value = (urllib.parse.unquote_to_bytes(t.replace(b"+", b" ")) for t in (name, value))
        if pairs.setdefault(name, value) != value:
            return {}
    return pairs


def is_genuine(pairs):
    if pairs.get(b"sign_type") != b"MD5" or pairs.get(b"sign", b"").decode("latin-1") != sign(pairs):
        return False
    if IS_CARELESS:
        return True
    notify_id = pairs.get(b"notify_id", b"").decode("latin-1")
    if not notify_id:
        return False
    query = urllib.parse.urlencode({"service": "notify_verify", "partner": PARTNER, "notify_id": notify_id})
    try:
        with urllib.request.urlopen(f"{GATEWAY}/gateway.do?{query}", timeout=5) as answer:
            return answer.status == 200 and answer.read() == b"true"
    except OSError:
        return False


def rank(trade, refund):
    if trade == "TRADE_CLOSED":
        return (100, 9)
    return (COURSE.index(trade), 0 if not refund else 9 if refund == "REFUND_SUCCESS" else 1)


def take_in(pairs):
    """Whether the message was taken in; what was heard before counts as taken in."""
    if not is_genuine(pairs):
        return False
    with LOCK:
        order = ORDERS.get(pairs.get(b"out_trade_no", b"").decode("latin-1"))
        if order is None:
            return False
        try:
            told = {n.decode("ascii"): v.decode(order["charset"]) for n, v in pairs.items()}
        except UnicodeDecodeError:
            return False
        trade, refund = told.get("trade_status"), told.get("refund_status")
        if trade not in COURSE + ["TRADE_CLOSED"] or refund not in [None, "REFUND_SUCCESS"] + REFUND:
            return False
        if told.get("seller_email") != SELLER or told.get("total_fee") not in order["total_fees"]:
            return False
        if order["trade_no"] not in (None, told["trade_no"]):
            return False
        if order["status"] is not None:
            known, new = rank(order["status"], order["refund_status"]), rank(trade, refund)
            is_later = told["notify_time"] > order["notify_time"] and refund != order["refund_status"]
            is_over = order["status"] in ("TRADE_FINISHED", "TRADE_CLOSED") and trade != order["status"]
            if is_over or new[0] < known[0] or new[1] < known[1] or (new == known and not is_later):
                return True
        order.update(status=trade, refund_status=refund, notify_time=told["notify_time"], trade_no=told["trade_no"])
        order["times_applied"] += 1
        if trade in PAID and not order["deliveries"]:
            order["deliveries"] = 1
            order["paid_total"] = told["total_fee"]
        return True


class Shop(BaseHTTPRequestHandler):
    def say(self, status, body, kind="text/plain"):
        body = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

    def do_GET(self):
        path, _, query = self.path.partition("?")
        if path == "/pay/return":
            take_in(read(query.encode("latin-1")))
            self.send_response(302)
            self.send_header("Location", "thanks")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif path == "/pay/thanks":
            self.say(200, "Thank you", "text/html")
        elif path == "/pay/notify":
            self.say(200, "fail")
        elif path.startswith("/orders/") and path[8:-5] in ORDERS:
            with LOCK:
                self.say(200, json.dumps(ORDERS[path[8:-5]]), "application/json")
        else:
            self.say(404, "no such page")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/pay/notify":
            self.say(200, "success" if take_in(read(body)) else "fail")
        elif self.path == "/orders":
            wish = json.loads(body)
            self.say(201, json.dumps(place(wish["service"], wish["charset"])), "application/json")
        else:
            self.say(404, "no such page")


def place(service, charset):
    with LOCK:
        number = f"PY{len(ORDERS) + 1:06d}"
        total = "8.03" if service != "create_direct_pay_by_user" else "0.03"
        ORDERS[number] = {"status": None, "refund_status": None, "deliveries": 0, "times_applied": 0,
                          "paid_total": None, "notify_time": "", "trade_no": None, "charset": charset,
                          "total_fees": [total]}
    asked = {"service": service, "partner": PARTNER, "_input_charset": charset, "payment_type": "1",
             "notify_url": f"{SERVER_URL}/pay/notify", "return_url": f"{SERVER_URL}/pay/return", "out_trade_no": number,
             "subject": "剪纸书签", "seller_email": SELLER}
    if service == "create_direct_pay_by_user":
        asked["total_fee"] = "0.03"
    else:
        asked.update(price="0.03", quantity="1", logistics_type="EXPRESS", logistics_fee="8.00",
                     logistics_payment="BUYER_PAY")
    pairs = {n.encode(): v.encode(charset) for n, v in asked.items()}
    pairs.update({b"sign": sign(pairs).encode(), b"sign_type": b"MD5"})
    return {"out_trade_no": number, "payment_url": f"{GATEWAY}/gateway.do?{urllib.parse.urlencode(pairs)}",
            "total_fee": total}


if __name__ == "__main__":
    # A browser's and a gateway's connections may come at once.
    ThreadingHTTPServer.request_queue_size = 64
    SERVER = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    SERVER_URL = f"http://127.0.0.1:{SERVER.server_port}"
    print(SERVER_URL, flush=True)
    SERVER.serve_forever()
