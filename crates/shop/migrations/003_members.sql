-- A member is whoever the gateway says, by user_id. There is no password and no e-mail here: the shop makes no accounts of
-- its own out of the gateway's, and an e-mail may be another person's tomorrow.
CREATE TABLE member (
    user_id TEXT PRIMARY KEY,
    real_name TEXT NOT NULL,         -- as the quick login said it last; empty if it never did
    etao_name TEXT NOT NULL,         -- as it came from etao, perhaps a nickname
    first_seen_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL
);

-- Who is signed in, with what later requests have to carry. Each sign-in has an id of its own, in a cookie of its own:
-- whoever knew the browser before knows nothing of it.
CREATE TABLE member_session (
    session_id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    real_name TEXT NOT NULL,         -- as it came this time; it is what is shown
    token TEXT NOT NULL,
    came_by TEXT NOT NULL,
    since BIGINT NOT NULL
);

-- A browser that was sent to sign in, under the id of the session to be, and the page that it left.
CREATE TABLE login_begun (
    session_id TEXT PRIMARY KEY,
    back TEXT NOT NULL,
    begun_at BIGINT NOT NULL
);

-- Returns that have done their work: each works once.
CREATE TABLE used_return (
    notify_id TEXT PRIMARY KEY,
    used_at BIGINT NOT NULL
);

-- A member who was sent to choose an address, and the address once it has come. By member and not by browser: the gateway's
-- page POSTs it, and browsers keep cookies to themselves when one site posts to another.
CREATE TABLE address_asked (
    user_id TEXT PRIMARY KEY,
    asked_at BIGINT NOT NULL
);
CREATE TABLE address_chosen (
    user_id TEXT PRIMARY KEY,
    prov TEXT NOT NULL,
    city TEXT NOT NULL,
    area TEXT NOT NULL,
    address_code TEXT NOT NULL,
    address TEXT NOT NULL,
    fullname TEXT NOT NULL,
    mobile_phone TEXT NOT NULL,
    phone TEXT NOT NULL,
    post TEXT NOT NULL,
    chosen_at BIGINT NOT NULL
);

-- Whose order it is, for orders of members.
CREATE TABLE order_member (
    out_trade_no TEXT PRIMARY KEY,
    user_id TEXT NOT NULL
);
CREATE INDEX orders_of_member ON order_member (user_id);

-- What has had its time is deleted, oldest first.
ALTER TABLE cart_line ADD COLUMN changed_at BIGINT;   -- NULL: before this was noted
CREATE INDEX cart_line_by_age ON cart_line (changed_at);
CREATE INDEX member_session_by_age ON member_session (since);
CREATE INDEX login_begun_by_age ON login_begun (begun_at);
CREATE INDEX used_return_by_age ON used_return (used_at);
