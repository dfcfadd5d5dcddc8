-- One attempt: day and id, with the names of its task and step. Columns as
-- query_attempts.sql, then ext_id, task_class, agent, team, sender, seq, kind,
-- tool, failed, names (identifiers it is known under), corrections,
-- aggregate (its tokens are a sum over calls), evidence (a list with blanks),
-- corrected_from_pusd (the first figure, where it was corrected).
-- params: date, uuid
SELECT a.day, a.id AS attempt_id, a.task_id, a.step_id, a.attempt_no,
  a.started_at, a.first_token_at, a.ended_at, a.received_at, m.provider,
  r.name AS requested_model, m.name AS model, a.tier,
  a.uncached_in, a.cache_read, a.cache_write_5m, a.cache_write_1h, a.output,
  a.reasoning, a.audio_in, a.audio_out, a.web_search, a.other_tools,
  a.cost_pusd, a.price_id, a.reported_cost_pusd, a.status,
  fin.name AS finish_reason, er.name AS error_class, st.name AS service_tier,
  a.quality AS usage_quality, src.name AS source, a.escalated_from,
  a.decision_id,
  t.ext_id, class.name AS task_class, agent.name AS agent, team.name AS team,
  sender.name AS sender, s.seq, s.kind, tool.name AS tool, s.failed,
  length(a.keys) / 16 AS names,
  (SELECT count(*) FROM correction c WHERE c.attempt_id = a.id
    AND c.attempt_day = a.day) AS corrections,
  aco_is_aggregate(a.quality, a.prov) AS aggregate,
  array_to_string(a.evidence, ' ', '-') AS evidence,
  (SELECT old_cost_pusd FROM correction c WHERE c.attempt_id = a.id
    AND c.attempt_day = a.day ORDER BY c.id LIMIT 1) AS corrected_from_pusd
FROM attempt a
JOIN task t ON t.id = a.task_id
JOIN dict class ON class.id = t.class_id
JOIN dict agent ON agent.id = t.agent_id
JOIN dict team ON team.id = t.team_id
JOIN dict sender ON sender.id = t.sender_id
LEFT JOIN step s ON s.day = a.step_day AND s.id = a.step_id
LEFT JOIN dict tool ON tool.id = s.tool_id
JOIN model m ON m.id = a.model_id
JOIN dict src ON src.id = a.source_id
LEFT JOIN model r ON r.id = a.requested_model_id
LEFT JOIN dict fin ON fin.id = a.finish_id
LEFT JOIN dict er ON er.id = a.error_id
LEFT JOIN dict st ON st.id = a.service_tier_id
WHERE a.day = $1::date AND a.id = $2::uuid;
