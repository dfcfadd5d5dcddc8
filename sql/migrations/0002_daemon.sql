-- What the daemon adds.

-- Sums that spans above model calls claim. The janitor bills one, as an
-- aggregate attempt, when it is due and the ledger knows no call of the same
-- task within its time; then the row goes.
CREATE TABLE claim (
  id          uuid PRIMARY KEY,  -- the call's first name
  task_id     uuid NOT NULL,
  started_at  timestamptz NOT NULL,
  ended_at    timestamptz NOT NULL,
  due_at      timestamptz NOT NULL,
  event       json NOT NULL      -- the claim as a line of our own
);
CREATE INDEX claim_due ON claim (due_at);
CREATE INDEX claim_task ON claim (task_id);

-- A letter whose row was given to the ledger again.
ALTER TABLE dead_letter ADD COLUMN replayed_at timestamptz;
ALTER TABLE dead_letter ADD COLUMN kind text NOT NULL DEFAULT 'note'
  CHECK (kind IN ('note', 'event')); -- event: body is a line of our own

-- A task is written again with nearly every batch that has calls of it. Room
-- on its page keeps the new version out of the indexes.
ALTER TABLE task SET (fillfactor = 50);
