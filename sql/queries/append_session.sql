-- What a writer's connection sets. Its statements take arrays of thousands and
-- look up each element by a key; a plan made for the very array may think that
-- reading a whole day is cheaper.
-- exec: run
SELECT set_config('plan_cache_mode', 'force_generic_plan', false)
