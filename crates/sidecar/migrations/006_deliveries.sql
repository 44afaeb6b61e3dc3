-- What the shop has said to the last try of a webhook, for people.
ALTER TABLE delivery ADD COLUMN tried_at BIGINT;
ALTER TABLE delivery ADD COLUMN answer TEXT;

-- What is late, what was given up, and what a person may have to look at are few among many.
CREATE INDEX delivery_waiting ON delivery (seq) WHERE state = 'waiting';
CREATE INDEX delivery_given_up ON delivery (seq) WHERE state = 'given_up';
CREATE INDEX refund_batch_open ON refund_batch (state) WHERE done_at IS NULL;
