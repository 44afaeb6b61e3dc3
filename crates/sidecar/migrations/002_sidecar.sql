-- What the shop sells to somebody, as the shop has told it.
CREATE TABLE orders (
    order_no TEXT PRIMARY KEY,       -- the shop's own
    subject TEXT NOT NULL,
    body TEXT,
    show_url TEXT,
    price BIGINT NOT NULL,           -- in fen, of one piece
    quantity BIGINT NOT NULL,
    discount BIGINT NOT NULL,        -- in fen, added: a reduction is negative
    receive TEXT,                    -- JSON, as the shop has told it
    return_page TEXT,                -- where the buyer's browser ends; the configured page if NULL
    requests BIGINT NOT NULL,        -- how many payment requests it has had
    paid_by TEXT,                    -- the out_trade_no that paid it first
    closed_at BIGINT,                -- when the shop gave it up
    created_at BIGINT NOT NULL
);

-- One try at paying an order. What came of it is in order_state.
CREATE TABLE payment_request (
    out_trade_no TEXT PRIMARY KEY,
    order_no TEXT NOT NULL,
    position BIGINT NOT NULL,
    partner TEXT NOT NULL,
    sign_type TEXT NOT NULL,
    terms TEXT NOT NULL,             -- JSON, as the shop has told it
    closing BIGINT NOT NULL,         -- 1 until the gateway knows that it is not to be paid any more
    query_due_at BIGINT,             -- when the gateway is to be asked how the trade stands
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX payment_request_by_order ON payment_request (order_no, position);
CREATE INDEX payment_request_due ON payment_request (query_due_at) WHERE query_due_at IS NOT NULL;

-- What the shop is to hear of, in the order of the changes. Written with the change.
CREATE TABLE event (
    seq BIGINT PRIMARY KEY,
    id TEXT NOT NULL,
    order_no TEXT NOT NULL,
    at BIGINT NOT NULL,
    body TEXT NOT NULL               -- JSON, as the feed shows it and a webhook carries it
);
CREATE INDEX event_by_order ON event (order_no, seq);

-- An event on its way to the shop by webhook.
CREATE TABLE delivery (
    seq BIGINT PRIMARY KEY,          -- the event's
    order_no TEXT NOT NULL,
    state TEXT NOT NULL,
    tries BIGINT NOT NULL,
    awaiting BIGINT NOT NULL,        -- 1 while an answer is waited for, until due_at
    due_at BIGINT,                   -- NULL once it is over
    outcome TEXT                     -- of the last try, for people
);
CREATE INDEX delivery_due ON delivery (due_at, seq) WHERE due_at IS NOT NULL;
CREATE INDEX delivery_by_order ON delivery (order_no, seq) WHERE due_at IS NOT NULL;

-- The address that has said it wants no more (HTTP 410).
CREATE TABLE gone_endpoint (
    url TEXT PRIMARY KEY,
    gone_at BIGINT NOT NULL
);

-- Answers that were given under an Idempotency-Key.
CREATE TABLE idempotency (
    key_hash TEXT PRIMARY KEY,       -- of the key and what it was used for: no text of any length is indexed
    request_hash TEXT NOT NULL,
    status BIGINT NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX idempotency_by_age ON idempotency (created_at);

-- Numbers that are given once: `event`, and `life`, which counts how often this database was opened.
CREATE TABLE counter (
    name TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);
