-- The most that a model writes in one answer, where the price table does not
-- say it: what a call may cost at worst, which budgets reserve, hangs on it.
ALTER TABLE model
  ADD COLUMN max_output bigint CHECK (max_output > 0);  -- tokens; NULL: by the price table
