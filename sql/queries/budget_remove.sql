-- Remove the budgets of scope $1 and subject $2, of period $3 or of each. What is
-- leased of them ends with them.
-- params: text, text, text
DELETE FROM budget WHERE scope = $1::text AND subject = $2::text
  AND ($3::text IS NULL OR period = $3)
RETURNING id
