-- What was not believed has an end; it is found without reading what was.
CREATE INDEX message_rejected ON message (received_at, id) WHERE outcome = 'rejected';
CREATE INDEX message_waiting ON message (received_at, id) WHERE outcome = 'waiting';

-- The messages of an order come in pages.
DROP INDEX message_by_order;
CREATE INDEX message_of_order ON message (claimed_out_trade_no, received_at, id);
