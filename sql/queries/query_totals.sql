-- The sums in the header of every screen: attempts over a span of time. A span is
-- given by its six edges (query_edges() in ledger/query.c): minutes, hours, days,
-- hours, minutes, so that sums are exact to the minute and few rows are read.
-- $1..$6: the edges. All bounds are bare parameters: only then the planner leaves
-- out the days that they do not touch.
-- Columns: attempts, errors, unpriced, unattributed, cost_pusd, undated
-- (attempts without a date within the span), undated_pusd.
-- params: timestamptz, timestamptz, timestamptz, timestamptz, timestamptz, timestamptz
SELECT coalesce(sum(attempts), 0)::bigint AS attempts,
  coalesce(sum(errors), 0)::bigint AS errors,
  coalesce(sum(unpriced), 0)::bigint AS unpriced,
  coalesce(sum(attempts) FILTER (WHERE class_id = (SELECT id FROM dict
    WHERE kind = 'class' AND name = 'unattributed')), 0)::bigint
    AS unattributed,
  coalesce(sum(cost_pusd), 0) AS cost_pusd,
  coalesce(sum(attempts) FILTER (WHERE bucket < '1970-01-02 00:00Z'), 0)::bigint
    AS undated,
  coalesce(sum(cost_pusd) FILTER (WHERE bucket < '1970-01-02 00:00Z'), 0)
    AS undated_pusd
FROM aco_calls($1, $2, $3, $4, $5, $6);
