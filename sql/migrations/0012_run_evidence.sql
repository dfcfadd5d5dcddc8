-- What was seen of the run that an imported verdict is on, by the order of
-- ledger/evidence.h; values after the last that is known are left out.
ALTER TABLE trial ADD COLUMN evidence real[];
