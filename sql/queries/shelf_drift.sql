-- What is said of version $1's drift: state (ok, part, drifted, ignored, or
-- NULL where nobody has looked yet), the classes that static policies serve for
-- it, what told of it, and the whole of it.
-- params: integer
SELECT certificate #>> '{drift,state}', certificate #>> '{drift,parts}',
  certificate #>> '{drift,by}', (certificate -> 'drift')::text
FROM bundle WHERE id = $1::integer
