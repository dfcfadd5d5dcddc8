-- One writer of prices at a time; readers are not disturbed.
-- exec: run
LOCK TABLE price IN SHARE ROW EXCLUSIVE MODE
