-- Calls without a price: how many, of how many models, and of which most.
-- params:
SELECT coalesce(sum(u.n), 0)::bigint, count(*),
  (array_agg(m.provider || '/' || m.name ORDER BY u.n DESC))[1]
FROM (SELECT model_id, sum(unpriced) AS n FROM attempt_rollup
      WHERE grain = 'day' GROUP BY 1 HAVING sum(unpriced) > 0) u
JOIN model m ON m.id = u.model_id
