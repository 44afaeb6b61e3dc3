"""Purchases by a client library that was written for the original gateway, years before this one.

Usage: purchases.py READY_FILE

The library is the package `alipay` 0.7.4, as it comes; only the two addresses in it are ours. It signs the payment
URLs, verifies what our gateway sends (its own MD5, its own call of notify_verify) and asks to ship. An escrow, a direct
and a dual purchase both ways end in TRADE_FINISHED, or this ends with a status other than 0.

What does not work in the package on a current Python, and is not used here:
* refund_fastpay_by_platform_pwd looks for the parameters 'b', 'a', 't', ...: ('batch_no') is a string, not a tuple;
* refund_fastpay_by_platform_pwd, create_batch_trans_notify_url and add_alipay_qrcode_url call datetime.utcnow(), which
  is deprecated since Python 3.12;
* its own tests call the original gateway.
What the package does and a gateway must bear with:
* it signs parameters with empty values, so none are given to it;
* it sends payment_type and the seller with every call, also where the service has no such parameter;
* it puts notify_id into the address of notify_verify as it is.
"""

import http.server
import json
import queue
import sys
import threading
import urllib.parse
import urllib.request
from xml.etree import ElementTree

from alipay import Alipay

SUBJECT = "中秋月饼（蛋黄·礼盒）& 50% off + €1"
ESCROW_PATH = ["WAIT_BUYER_PAY", "WAIT_SELLER_SEND_GOODS", "WAIT_BUYER_CONFIRM_GOODS", "TRADE_FINISHED"]
WAIT_SECONDS = 20


class Shop:
    """A shop on the package: notify_url, return_url, and whatever the package found genuine."""

    def __init__(self, ready):
        gateway = ready["gateway"]

        class OurGateway(Alipay):
            GATEWAY_URL = gateway + "/gateway.do"
            NOTIFY_GATEWAY_URL = GATEWAY_URL + "?service=notify_verify&partner=%s&notify_id=%s"

        partner = ready["partner"]
        self.client = OurGateway(pid=partner["partner"], key=partner["key"], seller_email=partner["seller_email"])
        self.heard = queue.Queue()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = "http://127.0.0.1:%d" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def _handler(self):
        shop = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                message = dict(urllib.parse.parse_qsl(body.decode("ascii"), strict_parsing=True))
                # Verified before it is acknowledged, as a shop must: afterwards its id is spent.
                genuine = shop.client.verify_notify(**message)
                self._answer("success" if genuine else "fail")
                shop.heard.put((self.path, genuine, message))

            def do_GET(self):
                query = urllib.parse.urlsplit(self.path).query
                message = dict(urllib.parse.parse_qsl(query, strict_parsing=True))
                genuine = shop.client.verify_notify(**message)
                self._answer("paid" if genuine else "not paid")

            def _answer(self, text):
                self.send_response(200)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode("ascii"))

            def log_message(self, *_):
                pass

        return Handler

    def order(self, out_trade_no, **fields):
        """What every payment says."""
        return dict(
            fields,
            out_trade_no=out_trade_no,
            subject=SUBJECT,
            notify_url=self.url + "/notify/" + out_trade_no,
            return_url=self.url + "/return",
        )

    def parcel_order(self, out_trade_no):
        """What escrow and dual payments say."""
        return self.order(
            out_trade_no,
            price="12.30",
            quantity=2,
            logistics_type="EXPRESS",
            logistics_fee="10.00",
            logistics_payment="BUYER_PAY",
        )

    def expect(self, out_trade_no, status, total_fee):
        """The next notification is genuine and says this."""
        path, genuine, message = self.heard.get(timeout=WAIT_SECONDS)
        same("path", path, "/notify/" + out_trade_no)
        same("verify_notify", genuine, True)
        same("out_trade_no", message["out_trade_no"], out_trade_no)
        same("trade_status", message["trade_status"], status)
        same("total_fee", message["total_fee"], total_fee)
        same("subject", message["subject"], SUBJECT)
        # The package tells a forgery from the real thing.
        forged = dict(message, total_fee="9999.00")
        same("a forged notification", self.client.verify_notify(**forged), False)
        return message


class Sandbox:
    """The gateway's API for tests: a buyer without a browser."""

    def __init__(self, ready):
        self.base = ready["gateway"] + "/sandbox/v1"
        self.token = ready["sandbox_token"]

    def call(self, path, **body):
        request = urllib.request.Request(
            self.base + path,
            data=json.dumps(body).encode() if body else None,
            headers={"Authorization": "Bearer " + self.token, "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=WAIT_SECONDS) as answer:
            return json.load(answer)

    def buy(self, url, buyer, **choice):
        """Pays for a signed URL and follows the way back to the shop."""
        bought = self.call("/checkout", url=url, buyer=buyer, **choice)
        if "error_code" in bought:
            raise AssertionError("refused: %s" % bought)
        same("the page return", fetch(bought["return_url"]), "paid")
        return bought["trade_no"]


def fetch(url):
    with urllib.request.urlopen(url, timeout=WAIT_SECONDS) as answer:
        return answer.read().decode("utf-8")


def same(what, found, expected):
    if found != expected:
        raise AssertionError("%s: %r, not %r" % (what, found, expected))


def ship(shop, trade_no):
    """By the package's own URL; the answer is XML."""
    url = shop.client.send_goods_confirm_by_platform(
        trade_no=trade_no, logistics_name="顺丰速运", transport_type="EXPRESS", invoice_no="SF0001"
    )
    answer = ElementTree.fromstring(fetch(url))
    same("is_success", answer.findtext("is_success"), "T")
    same("shipped", answer.findtext("response/tradeBase/trade_status"), "WAIT_BUYER_CONFIRM_GOODS")


def escrow(shop, sandbox, url, out_trade_no, buyer, **choice):
    """From the payment to the end, the merchant shipping by interface."""
    trade_no = sandbox.buy(url, buyer, **choice)
    for status in ESCROW_PATH[:2]:
        shop.expect(out_trade_no, status, "34.60")
    ship(shop, trade_no)
    shop.expect(out_trade_no, ESCROW_PATH[2], "34.60")
    sandbox.call("/trades/%s/actions" % trade_no, action="confirm_goods")
    shop.expect(out_trade_no, ESCROW_PATH[3], "34.60")
    return trade_no


def direct(shop, sandbox, url, out_trade_no, total_fee, statuses, buyer, **choice):
    trade_no = sandbox.buy(url, buyer, **choice)
    for status in statuses:
        shop.expect(out_trade_no, status, total_fee)
    return trade_no


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        ready = json.load(file)
    shop, sandbox = Shop(ready), Sandbox(ready)
    buyer = ready["buyers"][0]["email"]

    url = shop.client.create_partner_trade_by_buyer_url(**shop.parcel_order("PY-ESCROW"))
    done = [escrow(shop, sandbox, url, "PY-ESCROW", buyer, method="balance")]

    url = shop.client.create_direct_pay_by_user_url(**shop.order("PY-DIRECT", total_fee="0.01"))
    done.append(direct(shop, sandbox, url, "PY-DIRECT", "0.01", ["TRADE_FINISHED"], buyer, method="bank"))

    url = shop.client.trade_create_by_buyer_url(**shop.parcel_order("PY-DUAL-ESCROW"))
    done.append(escrow(shop, sandbox, url, "PY-DUAL-ESCROW", buyer, mode="escrow", method="balance"))

    url = shop.client.trade_create_by_buyer_url(**shop.parcel_order("PY-DUAL-DIRECT"))
    statuses = ["WAIT_BUYER_PAY", "TRADE_FINISHED"]
    done.append(
        direct(shop, sandbox, url, "PY-DUAL-DIRECT", "34.60", statuses, buyer, mode="direct", method="balance")
    )

    for trade_no in done:
        trade = sandbox.call("/trades/" + trade_no)
        same("trade_status", trade["trade_status"], "TRADE_FINISHED")
        same("notices", {notice["state"] for notice in trade["notices"]}, {"acknowledged"})
        queried = ElementTree.fromstring(shop.client.single_trade_query(trade_no=trade_no))
        same("single_trade_query", queried.findtext("response/trade/trade_status"), "TRADE_FINISHED")
    same("notifications left over", shop.heard.qsize(), 0)
    same("imbalance", sandbox.call("/ledger")["imbalance"], "0.00")
    print("%d purchases with alipay 0.7.4, Python %s" % (len(done), sys.version.split()[0]))


if __name__ == "__main__":
    main()
