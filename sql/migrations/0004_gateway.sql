-- What the gateway adds: which models it may choose, and how they are reached.

ALTER TABLE model
  ADD COLUMN protocol text CHECK (protocol IN ('openai', 'anthropic')),
  ADD COLUMN upstream text,  -- a provider of the configuration
  ADD COLUMN capabilities text[] NOT NULL DEFAULT '{}',  -- none: all of them
  ADD COLUMN enabled boolean NOT NULL DEFAULT false;
