-- How much of a trade has gone back to its buyer, and of a share to its payer.
ALTER TABLE trade ADD COLUMN refunded BIGINT NOT NULL DEFAULT 0;
UPDATE trade SET refunded = (SELECT r.amount FROM refund r WHERE r.trade_no = trade.trade_no)
    WHERE refund_status = 'REFUND_SUCCESS' AND EXISTS (SELECT 1 FROM refund r WHERE r.trade_no = trade.trade_no);
ALTER TABLE trade_royalty ADD COLUMN refunded BIGINT NOT NULL DEFAULT 0;

-- What a merchant or a seller wants refunded of direct payments: all items of one call, or one item from the desk.
CREATE TABLE refund_batch (
    -- A number of the trades' series, under which the result is announced.
    thread TEXT PRIMARY KEY,
    partner TEXT NOT NULL,
    -- The merchant's own number; of a refund from the desk one that no merchant can choose.
    batch_no TEXT NOT NULL,
    -- pwd, nopwd or desk
    origin TEXT NOT NULL,
    seller TEXT NOT NULL,
    -- With the thread, the unguessable half of the page's address.
    secret TEXT NOT NULL,
    -- The call as it came; NULL for the desk's.
    params BYTEA,
    sign_type TEXT,
    charset TEXT NOT NULL,
    notify_url TEXT,
    items BIGINT NOT NULL,
    done BIGINT NOT NULL,
    succeeded BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    -- When the seller gave the payment password, or the call came that needs none. NULL before.
    confirmed_at BIGINT,
    finished_at BIGINT,
    -- When the next items are taken; NULL while unconfirmed and once finished.
    due_at BIGINT,
    UNIQUE (partner, batch_no)
);
CREATE INDEX refund_batch_due ON refund_batch (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE refund_item (
    thread TEXT NOT NULL,
    line BIGINT NOT NULL,
    trade_no TEXT NOT NULL,
    amount BIGINT NOT NULL,
    reason TEXT NOT NULL,
    -- The item's royalty parts as on the wire; empty without.
    royalty TEXT NOT NULL,
    -- SUCCESS or the code of the refusal; NULL until the item is taken.
    result TEXT,
    -- What went back to the seller of the platform's charge.
    charge BIGINT NOT NULL,
    done_at BIGINT,
    PRIMARY KEY (thread, line)
);
CREATE INDEX refund_item_of_trade ON refund_item (trade_no);
