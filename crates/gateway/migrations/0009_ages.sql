-- Sandbox: what has had its time is deleted, oldest first.

-- When the send was over; of those from before this was noted, when it went.
ALTER TABLE telling ADD COLUMN at BIGINT NOT NULL DEFAULT 0;
UPDATE telling SET at = COALESCE(
    (SELECT a.sent_at FROM attempt a
     WHERE a.thread = telling.thread AND a.seq = telling.seq AND a.attempt = telling.attempt),
    (SELECT r.sent_at FROM resend r
     WHERE r.thread = telling.thread AND r.seq = telling.seq AND r.resend_no = telling.resend_no),
    0);
CREATE INDEX fault_plan_by_end ON fault_plan (until_at);
