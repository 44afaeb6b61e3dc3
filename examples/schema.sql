-- In the shop's own database, beside its own tables; the same on SQLite and PostgreSQL.
CREATE TABLE danbao_event (             -- which events were taken in
    id TEXT PRIMARY KEY
);
CREATE TABLE danbao_trade (             -- the newest that was heard of each trade
    out_trade_no TEXT PRIMARY KEY,
    order_no TEXT NOT NULL,
    change BIGINT NOT NULL,
    trade_status TEXT NOT NULL
);
CREATE TABLE delivery (                 -- the shop's own side of a payment: here, goods to be packed
    order_no TEXT PRIMARY KEY,
    total_fee TEXT NOT NULL
);
