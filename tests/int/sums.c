#include "tests/int/sums.h"

#include <stdio.h>

#include "tests/int/harness.h"

#define SUMS                                                                   \
	"sum(attempts), sum(errors), sum(unpriced), sum(escalations),"         \
	" sum(uncached_in),"                                                   \
	" sum(cache_read), sum(cache_write_5m), sum(cache_write_1h),"          \
	" sum(output), sum(reasoning), sum(cost_pusd)"

/* The rollups at each grain, and the tasks' own sums, against the rows. */
/* Each task is either open or settled, and then as it is. */
static void check_placed(struct db *db)
{
	assert_int_equal(
		harness_sql_i64(
			db, "SELECT count(*) FROM task t"
			    " LEFT JOIN task_cost c ON c.task_id = t.id"
			    " LEFT JOIN task_open o ON o.task_id = t.id"
			    " WHERE (c.task_id IS NULL) = (o.task_id IS NULL)"
			    " OR c.task_id IS NOT NULL AND (c.day, c.class_id,"
			    " c.agent_id, c.team_id, c.started_at, c.cost_pusd)"
			    " IS DISTINCT FROM (CASE WHEN t.attempts > 0 THEN"
			    " coalesce((t.started_at AT TIME ZONE 'UTC')::date,"
			    " '1970-01-01') END, t.class_id, t.agent_id,"
			    " t.team_id, t.started_at, t.cost_pusd)"),
		0);
}

void check_sums(struct db *db)
{
	static const char *const grains[] = {"minute", "hour", "day"};
	char sql[4096];

	for (int g = 0; g < 3; g++) {
		snprintf(sql, sizeof(sql),
			 "WITH have AS (SELECT bucket, class_id, agent_id,"
			 " team_id, model_id, tier, " SUMS
			 " FROM attempt_rollup WHERE grain = '%s'"
			 " GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(attempts) <> 0"
			 " OR sum(cost_pusd) <> 0), want AS (SELECT"
			 " coalesce(date_trunc('%s', a.started_at),"
			 " '1970-01-01Z'), t.class_id, t.agent_id, t.team_id,"
			 " a.model_id, coalesce(a.tier, 0)::smallint, count(*),"
			 " count(*) FILTER (WHERE status <> 'ok'),"
			 " count(*) FILTER (WHERE a.cost_pusd IS NULL),"
			 " count(a.escalated_from),"
			 " coalesce(sum(a.uncached_in), 0),"
			 " coalesce(sum(a.cache_read), 0),"
			 " coalesce(sum(a.cache_write_5m), 0),"
			 " coalesce(sum(a.cache_write_1h), 0),"
			 " coalesce(sum(a.output), 0),"
			 " coalesce(sum(a.reasoning), 0),"
			 " coalesce(sum(a.cost_pusd), 0)"
			 " FROM attempt a JOIN task t ON t.id = a.task_id"
			 " GROUP BY 1, 2, 3, 4, 5, 6)"
			 " SELECT count(*) FROM ((TABLE have EXCEPT TABLE want)"
			 " UNION ALL (TABLE want EXCEPT TABLE have)) d",
			 grains[g], grains[g]);
		assert_int_equal(harness_sql_i64(db, sql), 0);
		snprintf(sql, sizeof(sql),
			 "WITH have AS (SELECT bucket, class_id, agent_id,"
			 " team_id, sum(started), sum(judged),"
			 " sum(success_micro), sum(routed), sum(escalated),"
			 " sum(escalated_routed),"
			 " sum(paid_pusd),"
			 " sum(paid_judged_pusd) FROM task_rollup"
			 " WHERE grain = '%s' GROUP BY 1, 2, 3, 4"
			 " HAVING sum(started) <> 0), want AS (SELECT"
			 " coalesce(date_trunc('%s', started_at),"
			 " '1970-01-01Z'), class_id, agent_id, team_id,"
			 " count(*), count(success_micro),"
			 " coalesce(sum(success_micro), 0),"
			 " count(*) FILTER (WHERE routed > 0),"
			 " count(*) FILTER (WHERE escalations > 0),"
			 " count(*) FILTER (WHERE escalations_routed > 0),"
			 " sum(cost_pusd), coalesce(sum(cost_pusd)"
			 "  FILTER (WHERE success_micro IS NOT NULL), 0)"
			 " FROM task WHERE attempts > 0 GROUP BY 1, 2, 3, 4)"
			 " SELECT count(*) FROM ((TABLE have EXCEPT TABLE want)"
			 " UNION ALL (TABLE want EXCEPT TABLE have)) d",
			 grains[g], grains[g]);
		assert_int_equal(harness_sql_i64(db, sql), 0);
	}
	assert_int_equal(
		harness_sql_i64(
			db,
			"SELECT count(*) FROM task t LEFT JOIN (SELECT task_id,"
			" count(*) n, count(*) FILTER (WHERE status <> 'ok') x,"
			" count(*) FILTER (WHERE cost_pusd IS NULL) u,"
			" count(escalated_from) f, count(decision_id) d,"
			" count(*) FILTER (WHERE escalated_from IS NOT NULL"
			"  AND decision_id IS NOT NULL) y,"
			" coalesce(sum(cost_pusd), 0) c,"
			" coalesce(sum(uncached_in), 0) i,"
			" coalesce(sum(cache_read), 0) r,"
			" coalesce(sum(output), 0) o, min(started_at) s,"
			" max(ended_at) e FROM attempt GROUP BY 1) a"
			" ON a.task_id = t.id WHERE (t.attempts, t.errors,"
			" t.unpriced, t.escalations, t.routed,"
			" t.escalations_routed,"
			" t.cost_pusd, t.uncached_in,"
			" t.cache_read, t.output, t.started_at, t.ended_at)"
			" IS DISTINCT FROM (coalesce(a.n, 0),"
			" coalesce(a.x, 0), coalesce(a.u, 0),"
			" coalesce(a.f, 0), coalesce(a.d, 0),"
			" coalesce(a.y, 0),"
			" coalesce(a.c, 0), coalesce(a.i, 0),"
			" coalesce(a.r, 0), coalesce(a.o, 0), a.s, a.e)"),
		0);
	assert_int_equal(
		harness_sql_i64(
			db, "SELECT count(*) FROM attempt a WHERE NOT EXISTS"
			    " (SELECT FROM step s WHERE s.day = a.step_day"
			    "  AND s.id = a.step_id AND s.task_id = a.task_id)"
			    " OR NOT EXISTS (SELECT FROM attempt_key k"
			    "  WHERE k.hash = a.id AND k.attempt_day = a.day"
			    "  AND k.attempt_id = a.id)"),
		0);
	assert_int_equal(
		harness_sql_i64(
			db, "SELECT count(*) FROM attempt_key k WHERE NOT"
			    " EXISTS (SELECT FROM attempt a WHERE"
			    "  a.day = k.attempt_day AND a.id = k.attempt_id)"),
		0);
	check_placed(db);
	/* All are settled: what is written next must open its tasks. */
	harness_sql(db,
		    "WITH gone AS (DELETE FROM task_open RETURNING task_id)"
		    " INSERT INTO task_cost SELECT id, CASE WHEN attempts > 0"
		    " THEN coalesce((started_at AT TIME ZONE 'UTC')::date,"
		    " '1970-01-01') END, class_id, agent_id, team_id,"
		    " started_at, cost_pusd FROM task JOIN gone"
		    " ON task_id = id");
}
