-- Spend of each class over time, for sparklines: $4 equal stretches of the time
-- from $2 to $3, read from the rollup of one grain ($1).
-- Columns: class_id, slot (0..$4-1), cost_pusd.
-- params: text, timestamptz, timestamptz, integer
SELECT class_id, width_bucket(extract(epoch FROM bucket),
    extract(epoch FROM $2::timestamptz), extract(epoch FROM $3::timestamptz),
    $4::integer) - 1 AS slot, sum(cost_pusd) AS cost_pusd
FROM attempt_rollup
WHERE grain = $1::text::rollup_grain AND bucket >= $2 AND bucket < $3
GROUP BY 1, 2
HAVING sum(cost_pusd) <> 0;
