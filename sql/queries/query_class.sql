-- The id of a task class by its name.
-- params: text
SELECT id FROM dict WHERE kind = 'class' AND name = $1::text;
