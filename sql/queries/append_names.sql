-- Ids of names, adding those that are new.
-- params: text[], text[]
WITH want AS (
  SELECT DISTINCT kind, name FROM unnest($1::text[], $2::text[]) AS u (kind, name)
), added AS (
  INSERT INTO dict (kind, name)
  SELECT kind, name FROM want w
  WHERE NOT EXISTS (SELECT FROM dict d WHERE d.kind = w.kind AND d.name = w.name)
  ORDER BY kind, name
  ON CONFLICT (kind, name) DO NOTHING
  RETURNING id, kind, name
)
SELECT id, kind, name FROM added
UNION ALL
SELECT d.id, d.kind, d.name FROM dict d JOIN want w USING (kind, name)
