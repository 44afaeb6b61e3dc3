"""Applies an event of the sidecar exactly once, in the caller's transaction: with db: apply(db, event)"""

def apply(db, event):
    new = db.execute("INSERT INTO danbao_event (id) VALUES (?) ON CONFLICT DO NOTHING", [event["id"]])
    if new.rowcount == 0:
        return  # applied before
    data = event["data"]
    if "change" in data:  # a refund, a login or an address has none: see its type
        db.execute(
            """INSERT INTO danbao_trade (out_trade_no, order_no, change, trade_status) VALUES (?, ?, ?, ?)
            ON CONFLICT (out_trade_no) DO UPDATE
            SET change = excluded.change, trade_status = excluded.trade_status
            WHERE danbao_trade.change < excluded.change""",
            [data["out_trade_no"], data["order_no"], data["change"], data["trade_status"]],
        )
    if event["type"] == "order.paid":  # the shop's own side of it, in the same transaction
        paid = [data["order_no"], data["total_fee"]]
        db.execute("INSERT INTO delivery (order_no, total_fee) VALUES (?, ?) ON CONFLICT DO NOTHING", paid)
