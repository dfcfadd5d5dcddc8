-- All models of the registry, or those of these names (with line ends between
-- them), as people see them.
-- params: text
SELECT provider, name, tier, tier_source, protocol, upstream,
       array_to_string(capabilities, ','), enabled, max_output
FROM model
WHERE $1::text IS NULL OR name = ANY (string_to_array($1::text, E'\n'))
ORDER BY enabled DESC, provider, name
