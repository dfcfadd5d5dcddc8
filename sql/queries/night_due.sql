-- Whether to train: nothing was trained since $1, and there are $2 judged tasks
-- or trials.
-- params: timestamptz, bigint
SELECT NOT EXISTS (SELECT FROM bundle
    WHERE (certificate ->> 'trained_at')::timestamptz >= $1::timestamptz)
  AND (SELECT count(*) FROM (
    (SELECT 1 FROM task WHERE success_micro IS NOT NULL LIMIT $2::bigint)
    UNION ALL (SELECT 1 FROM trial LIMIT $2)) AS judged) >= $2
