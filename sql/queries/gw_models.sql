-- The models that the gateway may choose among, and those that are not enabled
-- and have a provider of the configuration: asked for by name, they go there.
-- params:
SELECT provider, name, tier, protocol, upstream,
       array_to_string(capabilities, ','), enabled, max_output
FROM model
WHERE enabled OR upstream <> ''
ORDER BY provider, name
