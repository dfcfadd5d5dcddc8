-- The models that the gateway may choose, whose prices are watched.
-- params:
SELECT provider, name FROM model WHERE enabled
