-- For a shop that reads the feed, in the same database: how far it is applied. The feed begins at ''.
CREATE TABLE danbao_cursor (
    after_id TEXT NOT NULL
);
INSERT INTO danbao_cursor (after_id) VALUES ('');
