-- Spend over time for sparklines, by one dimension ($5: class, agent, team,
-- model or tier): $4 equal stretches of the time from $2 to $3, read from the
-- rollup of one grain ($1). $6..$10: only this class, agent, team, model, tier.
-- Summed by bucket first, so that the stretch is found once for each.
-- Columns: id, slot (0..$4-1), cost_pusd.
-- params: text, timestamptz, timestamptz, integer, text, integer, integer, integer, integer, integer
SELECT id, width_bucket(extract(epoch FROM bucket),
    extract(epoch FROM $2::timestamptz), extract(epoch FROM $3::timestamptz),
    $4::integer) - 1 AS slot, sum(cost_pusd) AS cost_pusd
FROM (SELECT CASE $5::text WHEN 'class' THEN class_id WHEN 'agent' THEN agent_id
      WHEN 'team' THEN team_id WHEN 'model' THEN model_id ELSE tier END AS id,
    bucket, sum(cost_pusd) AS cost_pusd
  FROM attempt_rollup
  WHERE grain = $1::text::rollup_grain AND bucket >= $2 AND bucket < $3
    AND ($6::integer IS NULL OR class_id = $6) AND ($7::integer IS NULL OR agent_id = $7)
    AND ($8::integer IS NULL OR team_id = $8) AND ($9::integer IS NULL OR model_id = $9)
    AND ($10::integer IS NULL OR tier = $10)
  GROUP BY 1, 2) b
GROUP BY 1, 2
HAVING sum(cost_pusd) <> 0;
