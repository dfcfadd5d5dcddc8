/* What was wrong, by the names of the fields. */
#include <stdio.h>
#include <string.h>

#include "ingest/native.h"
#include "ledger/base/json.h"
#include "ledger/cost.h"

/* How the batch's checks begin, and the field that they mean. Of two that
 * fit the longer is meant. */
static const struct {
	const char *words, *field;
} fields[] = {
	{"sender", "task.sender"},
	{"task id", "task.id"},
	{"parent id", "task.parent"},
	{"team", "task.team"},
	{"agent", "task.agent"},
	{"class", "task.class"},
	{"attrs", "task.attrs"},
	{"model", "model"},
	{"requested model", "requested_model"},
	{"provider", "provider"},
	{"service tier", "service_tier"},
	{"finish reason", "finish_reason"},
	{"error", "error"},
	{"tool", "step.tool"},
	{"tool calls", "usage.web_search"},
	{"step", "step.key"},
	{"start", "started_at"},
	{"first token", "first_token_at"},
	{"end", "ended_at"},
	{"the end", "ended_at"},
	{"reported cost", "reported_cost_usd"},
	{"reasoning", "usage.reasoning"},
	{"success", "success"},
	{"outcome without success", "success"},
	{"source", "source"},
	{"key", "key"},
	{"label", "label"},
	{"time", "at"},
};

static bool is_path(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
	       c == '.';
}

static bool begins(const char *msg, const char *words)
{
	size_t n = strlen(words);

	return !strncmp(msg, words, n) && (msg[n] == ' ' || msg[n] == ':');
}

/* The field that a bucket's check means: its message begins with its name. */
static bool bucket_field(const char *msg, char *out, size_t size)
{
	for (int i = 0; i < USAGE_N; i++) {
		if (!begins(msg, usage_bucket_names[i]))
			continue;
		snprintf(out, size, "usage.%s", usage_bucket_names[i]);
		return true;
	}
	return false;
}

void native_bad_set(struct native_bad *b, int64_t index, const char *msg)
{
	const char *field = "";
	size_t n = 0, best = 0;

	*b = (struct native_bad){.index = index};
	while (is_path(msg[n]))
		n++;
	if (n && n < sizeof(b->field) && msg[n] == ':' && msg[n + 1] == ' ') {
		memcpy(b->field, msg, n);
		if (!strcmp(b->field, "attrs"))
			snprintf(b->field, sizeof(b->field), "task.attrs");
		msg += n + 2;
	} else if (!bucket_field(msg, b->field, sizeof(b->field))) {
		for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]);
		     i++) {
			size_t len = strlen(fields[i].words);

			if (len <= best || !begins(msg, fields[i].words))
				continue;
			best = len;
			field = fields[i].field;
		}
		snprintf(b->field, sizeof(b->field), "%s", field);
	}
	snprintf(b->error, sizeof(b->error), "%s", msg);
}

void native_answer_json(const struct native_answer *a, enum rc rc,
			const struct err *e, struct buf *out)
{
	struct json_out o;

	json_out_init(&o, out);
	json_out_obj(&o, NULL);
	if (rc)
		json_out_str(&o, "error", str_from(e->msg));
	json_out_i64(&o, "accepted", a->accepted);
	json_out_arr(&o, "rejected");
	for (int i = 0; i < a->n_bad; i++) {
		const struct native_bad *b = &a->bad[i];

		json_out_obj(&o, NULL);
		json_out_i64(&o, "index", b->index);
		json_out_str(&o, "field",
			     b->field[0] ? str_from(b->field) : STR_NONE);
		json_out_str(&o, "error", str_from(b->error));
		json_out_end(&o, '}');
	}
	json_out_end(&o, ']');
	if (a->rejected > a->n_bad)
		json_out_i64(&o, "rejected_in_all", a->rejected);
	json_out_end(&o, '}');
}
