-- Add a model, or change what is not NULL of it. $1, $2 who it is; $3 the tier
-- that a person gave, $4 the one it has by its price; $5 protocol, $6 provider
-- of the configuration, $7 capabilities with commas between, $8 enabled,
-- $9 the most tokens of an answer, 0: by the price table.
-- params: text, text, smallint, smallint, text, text, text, boolean, bigint
INSERT INTO model (provider, name, tier, tier_source, protocol, upstream,
                   capabilities, enabled, max_output)
VALUES ($1::text, $2::text, coalesce($3::smallint, $4::smallint),
        CASE WHEN $3::smallint IS NULL THEN 'default' ELSE 'set' END,
        $5::text, $6::text,
        coalesce(string_to_array($7::text, ','), '{}'),
        coalesce($8::boolean, false), nullif($9::bigint, 0))
ON CONFLICT (provider, name) DO UPDATE SET
  tier = coalesce($3::smallint, model.tier),
  tier_source = CASE WHEN $3::smallint IS NULL THEN model.tier_source
                     ELSE 'set' END,
  protocol = coalesce($5::text, model.protocol),
  upstream = coalesce($6::text, model.upstream),
  capabilities = coalesce(string_to_array($7::text, ','), model.capabilities),
  enabled = coalesce($8::boolean, model.enabled),
  max_output = CASE WHEN $9::bigint IS NULL THEN model.max_output
                    ELSE nullif($9::bigint, 0) END
RETURNING tier, enabled
