-- Refunds of direct payments that the shop has asked for, a batch each.
CREATE TABLE refund_batch (
    batch_no TEXT PRIMARY KEY,
    partner TEXT NOT NULL,
    sign_type TEXT NOT NULL,
    charset TEXT NOT NULL,
    items TEXT NOT NULL,             -- JSON, in the order in which the gateway was told
    state TEXT NOT NULL,             -- waiting, accepted, refused, done
    error_code TEXT,                 -- the gateway's, if it has refused the batch
    tries BIGINT NOT NULL,
    send_due_at BIGINT,              -- when the gateway is to be told; NULL once it has answered
    created_at BIGINT NOT NULL,      -- refund_date
    done_at BIGINT                   -- when nothing more was to come
);
CREATE INDEX refund_batch_due ON refund_batch (send_due_at) WHERE send_due_at IS NOT NULL;
