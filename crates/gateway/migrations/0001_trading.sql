-- Times are milliseconds since 1970 UTC, money is fen, truths are 0 or 1. Both databases read this text.

CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- Numbers are handed out in blocks, so that one statement serves a thousand trades.
CREATE TABLE sequence (
    name TEXT PRIMARY KEY,
    next BIGINT NOT NULL
);

-- Account holders: buyers, sellers, visitors who pay without an account (no passwords).
CREATE TABLE users (
    user_id TEXT PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    status TEXT NOT NULL,
    login_password TEXT,
    payment_password TEXT,
    -- Wrong passwords since the last right one, and until when none is looked at.
    wrong_passwords BIGINT NOT NULL,
    locked_until BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE address (
    address_id BIGINT PRIMARY KEY,
    user_id TEXT NOT NULL,
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    zip TEXT NOT NULL,
    phone TEXT NOT NULL,
    mobile TEXT NOT NULL
);
CREATE INDEX address_of_user ON address (user_id);

CREATE TABLE partner (
    partner TEXT PRIMARY KEY,
    display_name TEXT NOT NULL,
    user_id TEXT NOT NULL,
    fee_ppm BIGINT NOT NULL,
    is_refundable BIGINT NOT NULL,
    custom_timeouts BIGINT NOT NULL,
    anti_phishing BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE partner_key (
    partner TEXT NOT NULL,
    sign_type TEXT NOT NULL,
    key_no BIGINT NOT NULL,
    secret TEXT NOT NULL,
    PRIMARY KEY (partner, sign_type, key_no)
);

-- Sellers for whom a partner may ask for money.
CREATE TABLE partner_seller (
    partner TEXT NOT NULL,
    user_id TEXT NOT NULL,
    PRIMARY KEY (partner, user_id)
);

-- Interfaces that a partner may call.
CREATE TABLE contract (
    partner TEXT NOT NULL,
    service TEXT NOT NULL,
    PRIMARY KEY (partner, service)
);

CREATE TABLE session (
    session_id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    -- A visitor's session opens one trade and nothing else.
    trade_no TEXT,
    expires_at BIGINT NOT NULL
);

CREATE TABLE anti_phishing (
    encrypt_key TEXT PRIMARY KEY,
    partner TEXT NOT NULL,
    issued_at BIGINT NOT NULL
);

-- What a merchant asked for, as it arrived. The trade number is set aside at once; the trade comes into being when a
-- buyer confirms the cashier page.
CREATE TABLE payment_request (
    trade_no TEXT PRIMARY KEY,
    partner TEXT NOT NULL,
    out_trade_no TEXT NOT NULL,
    -- With the trade number, the unguessable half of the cashier's address.
    secret TEXT NOT NULL,
    params BYTEA NOT NULL,
    received_at BIGINT NOT NULL,
    UNIQUE (partner, out_trade_no)
);

CREATE TABLE trade (
    trade_no TEXT PRIMARY KEY,
    seller TEXT NOT NULL,
    buyer TEXT NOT NULL,
    mode TEXT NOT NULL,
    is_refundable BIGINT NOT NULL,
    fee_ppm BIGINT NOT NULL,
    royalty_count BIGINT NOT NULL,
    trade_status TEXT NOT NULL,
    refund_status TEXT,
    price BIGINT NOT NULL,
    quantity BIGINT NOT NULL,
    discount BIGINT NOT NULL,
    -- Index of the chosen logistics group among those of the request.
    logistics BIGINT,
    total_fee BIGINT NOT NULL,
    receive_name TEXT,
    receive_address TEXT,
    receive_zip TEXT,
    receive_phone TEXT,
    receive_mobile TEXT,
    transport_type TEXT,
    logistics_name TEXT,
    invoice_no TEXT,
    -- The ledger's name of the account that paid.
    paid_from TEXT,
    gmt_create BIGINT NOT NULL,
    gmt_logistics_modify BIGINT,
    gmt_payment BIGINT,
    gmt_send_goods BIGINT,
    gmt_refund BIGINT,
    gmt_close BIGINT,
    version BIGINT NOT NULL
);
CREATE INDEX trade_of_buyer ON trade (buyer, trade_no);
CREATE INDEX trade_of_seller ON trade (seller, trade_no);

-- What the buyer wants back; how it stands is refund_status of the trade. An application that follows another replaces it.
CREATE TABLE refund (
    trade_no TEXT PRIMARY KEY,
    goods_received BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    reason TEXT NOT NULL,
    -- Why the seller refused.
    answer TEXT NOT NULL,
    -- How the goods come back.
    transport_type TEXT,
    logistics_name TEXT,
    invoice_no TEXT
);

CREATE TABLE trade_royalty (
    trade_no TEXT NOT NULL,
    line BIGINT NOT NULL,
    payer TEXT NOT NULL,
    receiver TEXT NOT NULL,
    amount BIGINT NOT NULL,
    memo TEXT NOT NULL,
    PRIMARY KEY (trade_no, line)
);

CREATE TABLE trade_event (
    trade_no TEXT NOT NULL,
    version BIGINT NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    command TEXT NOT NULL,
    trade_status TEXT NOT NULL,
    refund_status TEXT,
    journal_id BIGINT,
    PRIMARY KEY (trade_no, version)
);

CREATE TABLE deadline (
    trade_no TEXT NOT NULL,
    kind TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    PRIMARY KEY (trade_no, kind)
);
CREATE INDEX deadline_due ON deadline (due_at);

-- balance = credits - debits. last_posting begins the chain of the account's postings, newest first.
CREATE TABLE account (
    account TEXT PRIMARY KEY,
    balance BIGINT NOT NULL,
    last_posting BIGINT NOT NULL,
    previous_posting BIGINT NOT NULL
);

CREATE TABLE journal (
    journal_id BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    trade_no TEXT,
    reason TEXT NOT NULL
);

-- posting_id = journal_id * 100 + line. Each side names its account's posting before this one, 0 for none: the
-- statement of an account needs no index.
CREATE TABLE posting (
    posting_id BIGINT PRIMARY KEY,
    debit TEXT NOT NULL,
    credit TEXT NOT NULL,
    amount BIGINT NOT NULL,
    debit_previous BIGINT NOT NULL,
    credit_previous BIGINT NOT NULL
);

-- Notifications that are owed. The body is written when it is sent; what it says is fixed here and in the trade.
CREATE TABLE notice (
    trade_no TEXT NOT NULL,
    -- The version of the trade that it announces.
    seq BIGINT NOT NULL,
    notify_id TEXT NOT NULL,
    notify_url TEXT NOT NULL,
    trade_status TEXT NOT NULL,
    refund_status TEXT,
    price BIGINT NOT NULL,
    discount BIGINT NOT NULL,
    total_fee BIGINT NOT NULL,
    logistics BIGINT,
    created_at BIGINT NOT NULL,
    first_sent_at BIGINT,
    sent_at BIGINT,
    attempts BIGINT NOT NULL,
    -- 1 while an answer to the last attempt is waited for; due_at is then the end of the waiting.
    awaiting BIGINT NOT NULL,
    -- NULL once acknowledged or given up.
    due_at BIGINT,
    acknowledged_at BIGINT,
    PRIMARY KEY (trade_no, seq)
);
CREATE INDEX notice_due ON notice (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE attempt (
    trade_no TEXT NOT NULL,
    seq BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    sent_at BIGINT NOT NULL,
    duration_ms BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    status BIGINT,
    answer BYTEA NOT NULL,
    PRIMARY KEY (trade_no, seq, attempt)
);

-- Ids under which the result of a payment was handed to a buyer's browser.
CREATE TABLE page_return (
    notify_id TEXT PRIMARY KEY,
    trade_no TEXT NOT NULL,
    issued_at BIGINT NOT NULL,
    verified_at BIGINT
);
