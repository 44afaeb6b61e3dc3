-- What kind of account it is (`private` or `company`), whether its holder has shown who they are, and whether the account
-- is frozen: then it neither pays nor takes what an instant payment brings.
ALTER TABLE users ADD COLUMN kind TEXT NOT NULL DEFAULT 'private';
ALTER TABLE users ADD COLUMN is_certified BIGINT NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN is_frozen BIGINT NOT NULL DEFAULT 0;
UPDATE users SET is_certified = 1 WHERE status = 'member';

-- Which changes of direct pay a partner is told of, by the names of the states, a blank between them; a trade keeps what
-- its contract said when it was made.
ALTER TABLE partner ADD COLUMN triggers TEXT NOT NULL DEFAULT 'TRADE_FINISHED TRADE_SUCCESS';
ALTER TABLE trade ADD COLUMN triggers TEXT NOT NULL DEFAULT 'TRADE_FINISHED TRADE_SUCCESS';
-- Whether refused requests are told to their error_notify_url.
ALTER TABLE partner ADD COLUMN error_notify BIGINT NOT NULL DEFAULT 0;
-- What waits for a frozen account.
CREATE INDEX trade_pending ON trade (seller, trade_no) WHERE trade_status = 'TRADE_PENDING';

-- What shows that the reason is one, on either side, as it stands now; and what was said with each step.
ALTER TABLE refund ADD COLUMN evidence TEXT NOT NULL DEFAULT '';
ALTER TABLE refund ADD COLUMN answer_evidence TEXT NOT NULL DEFAULT '';
ALTER TABLE trade_event ADD COLUMN reason TEXT;
ALTER TABLE trade_event ADD COLUMN evidence TEXT;
