-- Several keys of a kind live side by side while a merchant changes over. `secret` holds the shared key of an MD5 row, and
-- the merchant's public key, as PEM, of any other.
ALTER TABLE partner_key ADD COLUMN added_at BIGINT NOT NULL DEFAULT 0;
-- When a request was first signed with it: from then on the merchant has it. NULL before.
ALTER TABLE partner_key ADD COLUMN first_used_at BIGINT;
-- From when on it is not accepted any more; may lie ahead. NULL while nobody has said so.
ALTER TABLE partner_key ADD COLUMN retired_at BIGINT;

-- This gateway's own private keys, as PEM. The oldest that is not retired signs: merchants have that one.
CREATE TABLE gateway_key (
    sign_type TEXT NOT NULL,
    key_no BIGINT NOT NULL,
    secret TEXT NOT NULL,
    added_at BIGINT NOT NULL,
    retired_at BIGINT,
    PRIMARY KEY (sign_type, key_no)
);
