-- Why an interface that the contract names is not served, if it is not.
ALTER TABLE contract ADD COLUMN withheld TEXT;

-- What a contract says beyond the interfaces that it names: the words of one term are its rows. No row, no rule.
CREATE TABLE contract_term (
    partner TEXT NOT NULL,
    term TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (partner, term, value)
);

-- When the request came the last time; NULL: it came once, at received_at. A cashier page is served for so long from then.
ALTER TABLE payment_request ADD COLUMN asked_at BIGINT;

-- Sandbox: the next `remaining` good calls of a service are refused with a code that only a fault of the platform raises.
CREATE TABLE planned_refusal (
    partner TEXT NOT NULL,
    service TEXT NOT NULL,
    code TEXT NOT NULL,
    remaining BIGINT NOT NULL,
    PRIMARY KEY (partner, service)
);
