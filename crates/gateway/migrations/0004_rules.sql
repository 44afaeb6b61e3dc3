-- What kind of account it is (`private` or `company`), whether its holder has shown who they are, and whether the account
-- is frozen: then it neither pays nor takes what an instant payment brings.
ALTER TABLE users ADD COLUMN kind TEXT NOT NULL DEFAULT 'private';
ALTER TABLE users ADD COLUMN is_certified BIGINT NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN is_frozen BIGINT NOT NULL DEFAULT 0;
UPDATE users SET is_certified = 1 WHERE status = 'member';
