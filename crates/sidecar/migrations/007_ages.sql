-- What has had its time is deleted, oldest first.
CREATE INDEX visit_by_age ON visit (created_at);
CREATE INDEX used_return_by_age ON used_return (at);
