#include "ledger/gz_lines.h"
#include "ledger/outcome_line.h"
#include "router/matrix_int.h"

#define SCRATCH_MAX ((size_t)128 << 20)
#define NODES_MAX   ((size_t)1 << 20)

struct reading {
	struct mx_build *b;
	struct outcome_reader rd;
	struct arena scratch;
	struct json_doc doc;
	int file;
};

/* A member that options name, as text. */
static struct str member(struct reading *r, const char *name)
{
	static const char *const ours[] = {"id", "task", "repo", "source",
					   "class"};

	if (!name)
		return STR_NONE;
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (!strcmp(name, ours[i]))
			return STR_NONE;
	return json_str(json_get(r->doc.nodes, name), &r->scratch);
}

static bool for_judging(const struct reading *r)
{
	const struct json *split = json_get(r->doc.nodes, "split");

	if (r->b->o.judge_from > 0)
		return r->file >= r->b->o.judge_from;
	return json_str_is(split, "val") || json_str_is(split, "test");
}

static enum rc read_line(struct reading *r, struct str text, struct err *e)
{
	const struct json *line;
	struct ev_trial t;
	struct mx_line l = {.t = &t};
	const char *wrong;
	enum rc rc;

	arena_clear(&r->scratch);
	rc = json_parse(&r->doc, text, e);
	if (rc != RC_OK)
		return rc;
	line = r->doc.nodes;
	wrong = outcome_read(&r->rd, line, &t);
	if (wrong)
		return err_set(e, RC_BAD, "%s", wrong);
	if (r->b->o.source_by) {
		struct str part = member(r, r->b->o.source_by);

		if (part.len)
			t.source = part;
	}
	l.class_name = member(r, r->b->o.class_by);
	l.group = member(r, r->b->o.group_by);
	l.repo = json_str(json_get(line, "repo"), &r->scratch);
	l.prompt = r->rd.prompt;
	l.judge = for_judging(r);
	return mx_add(r->b, &l, e);
}

static enum rc read_lines(struct reading *r, struct gz_lines *g, struct err *e)
{
	struct str line;
	bool more;
	enum rc rc;

	while ((rc = gz_lines_next(g, &line, &more, e)) == RC_OK && more) {
		if (!line.len)
			continue;
		rc = read_line(r, line, e);
		if (rc != RC_OK)
			break;
	}
	return rc;
}

static enum rc read_file(struct reading *r, const char *path, struct err *e)
{
	struct gz_lines *g;
	enum rc rc;

	rc = gz_lines_open(&g, path, e);
	if (rc != RC_OK)
		return rc;
	rc = read_lines(r, g, e);
	if (rc != RC_OK)
		err_prefix(e, "%s:%lld", path, (long long)gz_lines_number(g));
	gz_lines_close(g);
	return rc;
}

enum rc matrix_read(struct matrix *m, const char *const *paths, int n,
		    const struct mx_opts *o, struct err *e)
{
	struct reading r = {.b = mx_build_new(m, o)};
	enum rc rc = RC_OK;

	arena_init(&r.scratch, SCRATCH_MAX);
	json_doc_init(&r.doc, NODES_MAX);
	outcome_reader_init(&r.rd, &r.scratch);
	for (; rc == RC_OK && r.file < n; r.file++)
		rc = read_file(&r, paths[r.file], e);
	outcome_reader_release(&r.rd);
	json_doc_release(&r.doc);
	arena_release(&r.scratch);
	if (rc == RC_OK)
		return mx_build_end(r.b, e);
	mx_build_free(r.b);
	return rc;
}
