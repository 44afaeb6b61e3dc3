-- Refused payment requests of which the gateway has told, each letter once. None of them closes its payment request.
CREATE TABLE refusal (
    partner TEXT NOT NULL,
    notify_id TEXT NOT NULL,
    out_trade_no TEXT NOT NULL,
    error_code TEXT NOT NULL,        -- by its name on the wire
    refused_at BIGINT NOT NULL,      -- notify_time: when the gateway first told of it
    PRIMARY KEY (partner, notify_id)
);
CREATE INDEX refusal_by_request ON refusal (out_trade_no, refused_at);
