#include "ingest/mock_script.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "ingest/mock_int.h"
#include "ledger/base/alloc.h"
#include "ledger/base/json.h"

enum {
	LOGPROBS_MAX = 4096
};

static uint64_t key_of(struct str task, struct str model)
{
	return mock_hash(mock_hash(7, task.p, task.len), model.p, model.len);
}

static int64_t number(const struct json *o, const char *name, int64_t none)
{
	int64_t n;

	return json_i64(json_get(o, name), &n) && n >= 0 ? n : none;
}

static void read_logprobs(struct mock_line *l, const struct json *v,
			  struct arena *a)
{
	float *out;
	double d;

	if (!json_is(v, JSON_ARRAY) || v->count == 0)
		return;
	out = arena_alloc(a, sizeof(*out) * (v->count < LOGPROBS_MAX
						     ? v->count
						     : LOGPROBS_MAX));
	if (!out)
		return;
	for (const struct json *x = json_first(v);
	     x && l->n_logprobs < LOGPROBS_MAX; x = json_next(v, x))
		out[l->n_logprobs++] = json_double(x, &d) ? (float)d : 0;
	l->logprobs = out;
}

static enum rc read_line(struct mock_script *s, struct str text,
			 struct json_doc *d, struct err *e)
{
	const struct json *o, *success;
	struct mock_line *l;
	enum rc rc = json_parse(d, text, e);
	double v;

	if (rc != RC_OK)
		return rc;
	o = d->nodes;
	xgrow(&s->lines, &s->cap, s->n + 1, sizeof(*s->lines));
	l = &s->lines[s->n];
	*l = (struct mock_line){.success = -1, .at = s->n};
	l->task =
		arena_str(&s->arena, json_str(json_get(o, "task"), &s->arena));
	l->model =
		arena_str(&s->arena, json_str(json_get(o, "model"), &s->arena));
	if (!l->task.len || !l->model.len)
		return err_set(e, RC_BAD, "a line names a task and a model");
	l->text = json_str(json_get(o, "text"), &s->arena);
	if (l->text.p)
		l->text = arena_str(&s->arena, l->text);
	success = json_get(o, "success");
	if (json_double(success, &v))
		l->success = v >= 0.5;
	else if (json_present(success))
		l->success = json_true(success);
	l->in = number(o, "input_tokens", -1);
	l->cached = number(o, "cached_tokens", -1);
	l->out = number(o, "output_tokens", -1);
	l->reasoning = number(o, "reasoning_tokens", -1);
	l->status = (int)number(o, "status", 200);
	l->delay_us = number(o, "delay_ms", 0) * 1000;
	read_logprobs(l, json_get(o, "logprobs"), &s->arena);
	l->key = key_of(l->task, l->model);
	if (!arena_ok(&s->arena))
		return err_set(e, RC_BAD, "the script is too long");
	s->n++;
	return RC_OK;
}

static int by_key(const void *a, const void *b)
{
	const struct mock_line *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

enum rc mock_script_read(struct mock_script *s, const char *path, struct err *e)
{
	FILE *f = fopen(path, "r");
	struct json_doc d;
	char *line = NULL;
	size_t cap = 0;
	enum rc rc = RC_OK;
	int number_of = 0;

	*s = (struct mock_script){.n = 0};
	arena_init(&s->arena, (size_t)1 << 30);
	if (!f)
		return err_set(e, RC_BAD, "%s: %s", path, strerror(errno));
	json_doc_init(&d, 1 << 16);
	while (rc == RC_OK) {
		ssize_t n = getline(&line, &cap, f);
		struct str text;

		if (n < 0)
			break;
		number_of++;
		text = str_trim((struct str){line, (size_t)n});
		if (text.len > 0)
			rc = read_line(s, text, &d, e);
	}
	if (rc != RC_OK)
		err_prefix(e, "%s:%d", path, number_of);
	json_doc_release(&d);
	free(line);
	fclose(f);
	if (s->n > 1)
		qsort(s->lines, s->n, sizeof(*s->lines), by_key);
	return rc;
}

void mock_script_release(struct mock_script *s)
{
	free(s->lines);
	arena_release(&s->arena);
}

const struct mock_line *mock_script_find(const struct mock_script *s,
					 struct str task, struct str model)
{
	uint64_t key = key_of(task, model);
	size_t lo = 0, hi = s->n;

	/* The last of those that have this key or a lesser one. */
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (s->lines[mid].key <= key)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == 0 || s->lines[lo - 1].key != key)
		return NULL;
	return &s->lines[lo - 1];
}
