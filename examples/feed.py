"""Applies what is new in the feed, and ends: SIDECAR=http://... API_TOKEN=... python3 feed.py DATABASE"""
import json, os, sqlite3, sys
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen
from exactly_once import apply

def read(after):
    url = f"{os.environ['SIDECAR']}/v1/events?{urlencode({'after': after})}"
    token = {"Authorization": f"Bearer {os.environ['API_TOKEN']}"}
    try:
        with urlopen(Request(url, headers=token), timeout=30) as answer:
            return json.load(answer)
    except HTTPError as error:
        if error.code == 410 and after:  # cursor_unknown: its database was restored
            return {"restored": True, "events": [], "next": "", "has_more": True}
        raise

db = sqlite3.connect(sys.argv[1])
has_more = True
while has_more:
    (after,) = db.execute("SELECT after_id FROM danbao_cursor").fetchone()
    page = read(after)
    with db:  # the events and how far they go, in one transaction
        if page.get("restored"):  # from the beginning, and changes are counted anew
            db.execute("UPDATE danbao_trade SET change = 0")
        for event in page["events"]:
            apply(db, event)
        db.execute("UPDATE danbao_cursor SET after_id = ?", [page["next"] or ""])
    has_more = page["has_more"]
