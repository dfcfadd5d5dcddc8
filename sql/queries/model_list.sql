-- All models of the registry, or the one of this name, as people see them.
-- params: text
SELECT provider, name, tier, tier_source, protocol, upstream,
       array_to_string(capabilities, ','), enabled
FROM model
WHERE $1::text IS NULL OR name = $1::text
ORDER BY enabled DESC, provider, name
