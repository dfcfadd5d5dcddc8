-- The models that the gateway may choose among.
-- params:
SELECT provider, name, tier, protocol, upstream,
       array_to_string(capabilities, ',')
FROM model
WHERE enabled
ORDER BY provider, name
