-- One row an order: what the merchant asked for, and what it has heard of it since.
CREATE TABLE order_state (
    partner TEXT NOT NULL,
    out_trade_no TEXT NOT NULL,
    service TEXT NOT NULL,
    charset TEXT NOT NULL,
    seller_email TEXT NOT NULL,
    seller_id TEXT NOT NULL,
    total_fees TEXT NOT NULL,        -- in fen, ascending, joined with commas
    mode TEXT,
    mode_basis TEXT,
    trade_no TEXT,                   -- NULL, as all that follow, until something was heard
    trade_status TEXT,
    refund_status TEXT,
    total_fee BIGINT,
    buyer_id TEXT,
    buyer_email TEXT,
    notify_time BIGINT,
    notify_id TEXT,
    times_applied BIGINT NOT NULL,
    version BIGINT NOT NULL,
    opened_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (partner, out_trade_no)
);

-- Every message as it came, believed or not: the tutorials' logResult.
CREATE TABLE message (
    id TEXT PRIMARY KEY,
    way TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    raw BYTEA NOT NULL,
    claimed_out_trade_no TEXT,       -- as the bytes say, unverified
    outcome TEXT NOT NULL,
    note TEXT NOT NULL,
    settled_at BIGINT
);
CREATE INDEX message_by_order ON message (claimed_out_trade_no);

-- Which messages an order has taken in: a retry of one of them is not news, however late it comes.
CREATE TABLE heard (
    partner TEXT NOT NULL,
    out_trade_no TEXT NOT NULL,
    notify_id TEXT NOT NULL,
    trade_status TEXT NOT NULL,
    refund_status TEXT NOT NULL,     -- empty without one
    message_id TEXT NOT NULL,
    PRIMARY KEY (partner, out_trade_no, notify_id, trade_status, refund_status)
);
