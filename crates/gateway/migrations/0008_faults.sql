-- Sandbox: faults of the wire on demand. A plan holds for a partner's notifications, or for those of one trade.
CREATE TABLE fault_plan (
    plan_id BIGINT PRIMARY KEY,
    partner TEXT NOT NULL,
    -- NULL: all of the partner's.
    trade_no TEXT,
    -- All that is drawn is drawn from it, from the notification's place in the plan and from the number of the try.
    seed BIGINT NOT NULL,
    begun_at BIGINT NOT NULL,
    -- Moved forward when the plan is ended early.
    until_at BIGINT NOT NULL,
    -- Notifications that it has met.
    met BIGINT NOT NULL
);
CREATE TABLE fault_rule (
    plan_id BIGINT NOT NULL,
    fault TEXT NOT NULL,
    -- Of a hundred tries, so many are hit.
    percent BIGINT NOT NULL,
    seconds BIGINT NOT NULL,
    times BIGINT NOT NULL,
    -- Only a notification's first tries under the plan; NULL: all.
    tries BIGINT,
    PRIMARY KEY (plan_id, fault)
);
-- A notification's place in a plan: the first that it met is 1.
CREATE TABLE fault_place (
    plan_id BIGINT NOT NULL,
    thread TEXT NOT NULL,
    seq BIGINT NOT NULL,
    place BIGINT NOT NULL,
    -- The try that was its first under the plan.
    first_attempt BIGINT NOT NULL,
    PRIMARY KEY (plan_id, thread, seq)
);
-- What a plan did to a try.
CREATE TABLE mishap (
    thread TEXT NOT NULL,
    seq BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    fault TEXT NOT NULL,
    plan_id BIGINT NOT NULL,
    -- Seconds, times, or thousandths of what is cut or corrupted.
    detail BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (thread, seq, attempt, fault)
);
CREATE INDEX mishap_of_plan ON mishap (plan_id);

-- Sandbox: sends of a notification beside its schedule, which they do not touch: duplicates, and those asked for.
CREATE TABLE resend (
    thread TEXT NOT NULL,
    seq BIGINT NOT NULL,
    resend_no BIGINT NOT NULL,
    reason TEXT NOT NULL,
    -- NULL once it is over; while its answer is waited for, the end of the waiting.
    due_at BIGINT,
    sent_at BIGINT,
    duration_ms BIGINT,
    outcome TEXT,
    status BIGINT,
    answer BYTEA,
    PRIMARY KEY (thread, seq, resend_no)
);
CREATE INDEX resend_due ON resend (due_at) WHERE due_at IS NOT NULL;

-- Sandbox: all sends that are over, tries and resends, numbered in the order in which they ended.
CREATE TABLE telling (
    telling_no BIGINT PRIMARY KEY,
    thread TEXT NOT NULL,
    seq BIGINT NOT NULL,
    -- One of the two.
    attempt BIGINT,
    resend_no BIGINT
);

-- 1: later ones of the thread need not wait for its first try.
ALTER TABLE notice ADD COLUMN passes BIGINT NOT NULL DEFAULT 0;
-- The schedule has begun anew then, after so many tries that do not count: a fault plan had spoiled them.
ALTER TABLE notice ADD COLUMN begun_anew_at BIGINT;
ALTER TABLE notice ADD COLUMN tries_before BIGINT NOT NULL DEFAULT 0;
