-- Ids and tiers of models, adding those that are new with their default tier.
-- params: text[], text[], smallint[]
WITH want AS (
  SELECT DISTINCT ON (provider, name) provider, name, tier
  FROM unnest($1::text[], $2::text[], $3::smallint[]) AS u (provider, name, tier)
), added AS (
  INSERT INTO model (provider, name, tier)
  SELECT provider, name, tier FROM want w
  WHERE NOT EXISTS (SELECT FROM model m
    WHERE m.provider = w.provider AND m.name = w.name)
  ORDER BY provider, name
  ON CONFLICT (provider, name) DO NOTHING
  RETURNING id, provider, name, tier
)
SELECT id, provider, name, tier FROM added
UNION ALL
SELECT m.id, m.provider, m.name, m.tier
FROM model m JOIN want w USING (provider, name)
