-- 快捷登录: who may be told what of whom, and for how long.

-- A browser that a merchant has sent here for a login or an address, on its way back.
CREATE TABLE handover (
    -- The unguessable part of its pages' address.
    handover_id TEXT PRIMARY KEY,
    -- The verified parameters, urlencoded.
    params BYTEA NOT NULL,
    -- The secret of the one browser that may go on; set by the first that comes.
    browser TEXT,
    received_at BIGINT NOT NULL
);
CREATE INDEX handover_by_age ON handover (received_at);

-- 免登令牌: saves one buyer the sign-in for one partner's requests.
CREATE TABLE token (
    token TEXT PRIMARY KEY,
    partner TEXT NOT NULL,
    user_id TEXT NOT NULL,
    -- Whether the buyer came by etao and was signed in there.
    is_from_etao BIGINT NOT NULL,
    issued_at BIGINT NOT NULL
);
CREATE INDEX token_by_age ON token (issued_at);

-- That a buyer lets a partner know who it is; asked once.
CREATE TABLE consent (
    user_id TEXT NOT NULL,
    partner TEXT NOT NULL,
    given_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, partner)
);

-- Ids under which a login or an address was handed to a buyer's browser.
CREATE TABLE login_return (
    notify_id TEXT PRIMARY KEY,
    partner TEXT NOT NULL,
    issued_at BIGINT NOT NULL,
    verified_at BIGINT
);
CREATE INDEX login_return_by_age ON login_return (issued_at);

-- What a partner may be told beyond the buyer's name, by words: email, grade.
CREATE TABLE permission (
    partner TEXT NOT NULL,
    permission TEXT NOT NULL,
    PRIMARY KEY (partner, permission)
);

-- Where a partner last asked for a login to come back to, and how; etao sends its visitors there.
CREATE TABLE login_entrance (
    partner TEXT PRIMARY KEY,
    return_url TEXT NOT NULL,
    charset TEXT NOT NULL,
    sign_type TEXT NOT NULL
);

-- What is known of a buyer beyond the account; who is not here has an ordinary grade and no nickname.
CREATE TABLE profile (
    user_id TEXT PRIMARY KEY,
    user_grade TEXT NOT NULL,
    user_grade_type TEXT NOT NULL,
    grade_ends_at BIGINT,
    -- 淘宝昵称: the name at the market that etao leads from.
    nickname TEXT
);

-- 行政区划代码, six digits; empty where only one line of text is known. With a code, `address` is the street alone.
ALTER TABLE address ADD COLUMN area_code TEXT NOT NULL DEFAULT '';

-- What has had its time is deleted, oldest first.
CREATE INDEX session_by_age ON session (expires_at);
CREATE INDEX anti_phishing_by_age ON anti_phishing (issued_at);
CREATE INDEX page_return_unasked ON page_return (issued_at) WHERE verified_at IS NULL;

-- Counted apart from wrong login passwords: the right one of one kind says nothing of guesses at the other.
ALTER TABLE users ADD COLUMN wrong_payment_passwords BIGINT NOT NULL DEFAULT 0;
