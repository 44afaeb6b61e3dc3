-- Not only trades are announced: a refund batch's results and a refused request are too. Whatever has notifications has a
-- number of the trades' series, its thread: notifications of one thread keep their order.
DROP INDEX notice_due;
ALTER TABLE notice RENAME TO notice_of_trade;
CREATE TABLE notice (
    thread TEXT NOT NULL,
    -- Of a trade: the version that it announces.
    seq BIGINT NOT NULL,
    notify_id TEXT NOT NULL,
    notify_url TEXT NOT NULL,
    -- Of a trade: what it said of itself when the notice came to be owed; all NULL for a letter.
    trade_status TEXT,
    refund_status TEXT,
    price BIGINT,
    discount BIGINT,
    total_fee BIGINT,
    logistics BIGINT,
    -- A letter: what it says, fixed but for its id, its time and its signature; all NULL for a trade.
    partner TEXT,
    sign_type TEXT,
    charset TEXT,
    letter BYTEA,
    created_at BIGINT NOT NULL,
    first_sent_at BIGINT,
    sent_at BIGINT,
    attempts BIGINT NOT NULL,
    -- 1 while an answer to the last attempt is waited for; due_at is then the end of the waiting.
    awaiting BIGINT NOT NULL,
    -- NULL once acknowledged or given up.
    due_at BIGINT,
    acknowledged_at BIGINT,
    PRIMARY KEY (thread, seq)
);
INSERT INTO notice (thread, seq, notify_id, notify_url, trade_status, refund_status, price, discount, total_fee, logistics,
                    created_at, first_sent_at, sent_at, attempts, awaiting, due_at, acknowledged_at)
    SELECT trade_no, seq, notify_id, notify_url, trade_status, refund_status, price, discount, total_fee, logistics,
           created_at, first_sent_at, sent_at, attempts, awaiting, due_at, acknowledged_at
    FROM notice_of_trade;
DROP TABLE notice_of_trade;
CREATE INDEX notice_due ON notice (due_at) WHERE due_at IS NOT NULL;
ALTER TABLE attempt RENAME COLUMN trade_no TO thread;
-- Whether the same letter is owed already; of trades no row.
CREATE INDEX notice_owed_letter ON notice (partner, notify_url) WHERE due_at IS NOT NULL AND letter IS NOT NULL;
