-- Letters that are in the ledger now.
-- params: uuid[]
UPDATE dead_letter SET replayed_at = now() WHERE id = ANY ($1::uuid[])
