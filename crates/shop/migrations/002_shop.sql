-- What a visitor means to buy. A visitor is a cookie; there are no members.
CREATE TABLE cart_line (
    visitor TEXT NOT NULL,
    good TEXT NOT NULL,
    quantity BIGINT NOT NULL,
    PRIMARY KEY (visitor, good)
);

-- What was ordered, and how it is to be paid; what came of it is in order_state.
CREATE TABLE orders (
    out_trade_no TEXT PRIMARY KEY,
    visitor TEXT NOT NULL,           -- empty for an order made over the API
    service TEXT NOT NULL,
    charset TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    goods_total BIGINT NOT NULL,     -- in fen, without carriage
    receive_name TEXT NOT NULL,
    receive_address TEXT NOT NULL,
    receive_zip TEXT NOT NULL,
    receive_phone TEXT NOT NULL,
    receive_mobile TEXT NOT NULL,
    paymethod TEXT,
    defaultbank TEXT,
    placed_at BIGINT NOT NULL,
    shipped_at BIGINT                -- when the gateway said yes to the shipping
);
CREATE INDEX orders_by_visitor ON orders (visitor, placed_at);

CREATE TABLE order_line (
    out_trade_no TEXT NOT NULL,
    position BIGINT NOT NULL,
    good TEXT NOT NULL,
    price BIGINT NOT NULL,
    quantity BIGINT NOT NULL,
    PRIMARY KEY (out_trade_no, position)
);

-- The shop's own side of a payment: written in the transaction of the message that made the order paid. The key is the
-- last guard: goods are made ready once.
CREATE TABLE delivery (
    out_trade_no TEXT PRIMARY KEY,
    made_at BIGINT NOT NULL
);

-- How often the shop was opened: each life draws its random texts from a stream of its own.
CREATE TABLE life (
    only_row BIGINT PRIMARY KEY,
    count BIGINT NOT NULL
);
