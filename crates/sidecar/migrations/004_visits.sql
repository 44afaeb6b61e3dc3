-- Buyers who were sent to the gateway to sign in or to choose an address, and what came of it.
CREATE TABLE visit (
    id TEXT PRIMARY KEY,             -- a part of return_url; nobody can guess it
    kind TEXT NOT NULL,              -- login, address
    partner TEXT NOT NULL,
    sign_type TEXT NOT NULL,
    charset TEXT NOT NULL,
    user_id TEXT,                    -- who is to choose an address, or who has signed in
    state TEXT NOT NULL,             -- the shop's own, given back
    return_page TEXT,                -- where the buyer's browser ends; the configured page if NULL
    address TEXT,                    -- JSON, as the buyer has chosen it
    created_at BIGINT NOT NULL,
    done_at BIGINT                   -- when the buyer came back and was believed, once
);

-- A return is let in once.
CREATE TABLE used_return (
    partner TEXT NOT NULL,
    notify_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (partner, notify_id)
);

-- Buyers who have signed in, as they last came.
CREATE TABLE buyer (
    partner TEXT NOT NULL,
    user_id TEXT NOT NULL,
    token TEXT NOT NULL,
    real_name TEXT NOT NULL,
    came_by TEXT NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (partner, user_id)
);

-- What a payment request carries of its buyer. Kept, because a request that is shown again must be the same.
CREATE TABLE request_buyer (
    out_trade_no TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    token TEXT NOT NULL,
    came_by TEXT NOT NULL,
    since BIGINT NOT NULL
);
