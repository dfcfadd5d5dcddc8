#include "ledger/price_plan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/base/alloc.h"
#include "ledger/base/buf.h"
#include "ledger/price_book.h"
#include "ledger/price_csv.h"

/* ---- reading ---- */

static enum rc read_file(const char *path, struct buf *out, struct err *e)
{
	bool in = !strcmp(path, "-");
	int fd = in ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	enum rc rc = RC_OK;

	if (fd < 0)
		return err_set(e, RC_BAD, "%s: %s", path, strerror(errno));
	for (;;) {
		char *p = buf_reserve(out, 65536);
		ssize_t n;

		if (!p) {
			rc = err_set(e, RC_BAD, "%s: larger than %zu bytes",
				     path, PRICE_CSV_MAX);
			break;
		}
		n = read(fd, p, 65536);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			rc = err_set(e, RC_BAD, "%s: %s", path,
				     strerror(errno));
		if (n <= 0)
			break;
		buf_advance(out, (size_t)n);
	}
	if (!in)
		close(fd);
	return rc;
}

struct reading {
	struct price_plan *p;
	const struct price_plan_opts *o;
	int *lines;
	size_t cap;
};

static enum rc read_row(void *arg, const struct price_row *row, int line,
			struct err *e)
{
	struct reading *r = arg;
	struct price_row copy = *row;
	enum rc rc;

	if (r->o->source.len)
		copy.source = r->o->source;
	if (copy.valid_from == PRICE_NO_DATE)
		copy.valid_from = r->o->valid_from;
	if (!copy.source.len) {
		rc = err_set(e, RC_BAD, "source is empty");
		err_hint(e, "say who says so: --source NAME");
		return rc;
	}
	copy.id = (int32_t)r->p->n + 1;
	rc = price_book_add(r->p->file, &copy, e);
	if (rc != RC_OK)
		return rc;
	xgrow(&r->lines, &r->cap, r->p->n + 1, sizeof(*r->lines));
	r->lines[r->p->n++] = line;
	return RC_OK;
}

/* The newest of the rows from index i on that has this date and window. */
static const struct price_row *twin(const struct price_row *rows, int32_t i,
				    const struct price_row *of)
{
	for (; i >= 0; i = rows[i].older) {
		if (rows[i].valid_from == of->valid_from &&
		    str_eq(rows[i].utc_window, of->utc_window))
			return &rows[i];
	}
	return NULL;
}

/* A row that repeats another is left out, one that contradicts it refused. */
static enum rc check_twice(struct price_plan *p, const char *path,
			   struct err *e)
{
	size_t n;
	const struct price_row *rows = price_book_rows(p->file, &n);

	for (size_t i = 0; i < n; i++) {
		const struct price_row *t = twin(rows, rows[i].older, &rows[i]);

		if (t && memcmp(t->v, rows[i].v, sizeof(t->v)) != 0)
			return err_set(e, RC_BAD,
				       "%s:%d: another price for the same "
				       "model, valid_from and utc_window as "
				       "line %d",
				       path, p->rows[i].line,
				       p->rows[t - rows].line);
		p->rows[i].twice = t != NULL;
	}
	return RC_OK;
}

enum rc price_plan_read(struct price_plan *p, const char *path,
			const struct price_plan_opts *o, struct err *e)
{
	struct reading r = {.p = p, .o = o};
	const struct price_row *rows;
	struct buf text;
	size_t n;
	enum rc rc;

	*p = (struct price_plan){0};
	buf_init(&text, PRICE_CSV_MAX + 65536);
	rc = read_file(path, &text, e);
	if (rc == RC_OK)
		rc = price_book_new(&p->file, e);
	if (rc == RC_OK)
		rc = price_csv_read((struct str){buf_str(&text), text.len},
				    path, read_row, &r, e);
	buf_release(&text);
	if (rc == RC_OK) {
		rows = price_book_rows(p->file, &n);
		p->rows = xcalloc(n ? n : 1, sizeof(*p->rows));
		for (size_t i = 0; i < n; i++) {
			p->rows[i].row = &rows[i];
			p->rows[i].line = r.lines[i];
		}
		rc = check_twice(p, path, e);
	}
	free(r.lines);
	if (rc != RC_OK)
		price_plan_release(p);
	return rc;
}

void price_plan_release(struct price_plan *p)
{
	price_book_free(p->file);
	free(p->rows);
	*p = (struct price_plan){0};
}

/* ---- comparing ---- */

bool price_plan_adds(const struct price_plan_row *r)
{
	return r->change != PRICE_ROW_SAME;
}

/* Of the book's rows, one that is valid later than `row` and that no row of
 * the file which is to be added stands for. */
static const struct price_row *hidden(const struct price_row *now,
				      int32_t newest,
				      const struct price_row *file,
				      int32_t file_newest,
				      const struct price_row *row)
{
	for (int32_t i = newest; i >= 0; i = now[i].older) {
		const struct price_row *t;

		if (now[i].valid_from <= row->valid_from)
			continue;
		t = twin(file, file_newest, &now[i]);
		/* Later in the file: it will be behind the new row. */
		if (!t || t < row)
			return &now[i];
	}
	return NULL;
}

static void compare_row(struct price_plan *p, size_t i,
			const struct price_book *now, bool *added)
{
	struct price_plan_row *r = &p->rows[i];
	struct str name = price_strip_prefix(r->row->provider, r->row->model);
	const struct price_model *m =
		price_book_model(now, r->row->provider, name);
	const struct price_model *of =
		price_book_model(p->file, r->row->provider, name);
	size_t n, k = (size_t)(of - p->file->models);
	const struct price_row *rows = price_book_rows(now, &n);
	const struct price_row *file = price_book_rows(p->file, &n);

	r->old = m ? twin(rows, m->newest, r->row) : NULL;
	if (r->twice)
		r->change = PRICE_ROW_SAME;
	else if (!r->old)
		r->change = PRICE_ROW_NEW;
	else if (memcmp(r->old->v, r->row->v, sizeof(r->old->v)) != 0)
		r->change = PRICE_ROW_CHANGED;
	else
		r->change = added[k] ? PRICE_ROW_AGAIN : PRICE_ROW_SAME;
	p->count[r->change]++;
	if (!price_plan_adds(r))
		return;
	added[k] = true;
	p->always += r->row->valid_from == PRICE_NO_DATE;
	if (m && r->change != PRICE_ROW_AGAIN)
		r->hides = hidden(rows, m->newest, file, of->newest, r->row);
}

void price_plan_compare(struct price_plan *p, const struct price_book *now)
{
	bool *added = xcalloc(p->file->n_models + 1, sizeof(*added));

	memset(p->count, 0, sizeof(p->count));
	p->always = 0;
	for (size_t i = 0; i < p->n; i++)
		compare_row(p, i, now, added);
	free(added);
}
