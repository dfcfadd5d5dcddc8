/* Writes calls into a ledger, in one of several ways, and prints how many
 * seconds that took: from when all writers are connected and have their data
 * at hand until the last commit.
 *
 *   append_load WAY ROWS WRITERS BATCH [FOLDER]
 *
 * Ways of the ledger: `new` calls; `dup1` with 1 % that were sent before;
 * `again`, all sent a second time, which alone is timed; `log`, a second
 * report of each call under one of its names, which alone is timed.
 *
 * Ways of the database, to compare with; FOLDER holds the files attempt,
 * attempt_key and step as COPY (FORMAT binary) made them: `copy` all three in
 * one transaction a batch, `copy1` the attempts alone, `unnest` the attempts
 * by INSERT of arrays.
 *
 * The database is that of ACO_DATABASE_URL. Each writer is a process. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gen/sql.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/db.h"
#include "ledger/ledger.h"

#define LIVE       1000 /* tasks that take turns */
#define CALLS      20   /* of a task */
#define BATCH_MAX  ((size_t)256 << 20)
#define PARAMS_MAX ((size_t)256 << 20)

struct work {
	const char *way, *folder;
	int rows, writers, batch;
	int me; /* this writer */
};

static void die(const char *what, const struct err *e)
{
	fprintf(stderr, "append_load: %s%s%s\n", what, e ? ": " : "",
		e ? e->msg : "");
	exit(1);
}

/* ---- calls ---- */

static uint64_t random_state;

static uint32_t draw(uint32_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 11) % n;
}

/* Calls of an hour about midnight stand under two days, which is not what is
 * measured here. */
static int64_t start_us(void)
{
	int64_t now = clock_now_us(), hour = 3600 * US_PER_SEC;
	int64_t into = now % US_PER_DAY;

	if (into < 2 * hour)
		now += 2 * hour - into;
	if (into > US_PER_DAY - 2 * hour)
		now -= 2 * hour;
	return now;
}

static uint32_t task_of_call(struct batch *b, uint32_t no)
{
	static const char *const agents[] = {"coder", "reviewer", "planner"};
	static const char *const classes[] = {"fix", "feature", "review",
					      "triage"};
	char id[40];
	int n = snprintf(id, sizeof(id), "session-%08x-conversation", no);
	struct ev_task t = {.sender = STR("otlp"),
			    .ext_id = {id, (size_t)n},
			    .agent = str_from(agents[no % 3]),
			    .team = STR("core"),
			    .class_name = str_from(classes[no % 4]),
			    .class_rank = CLASS_EXPLICIT,
			    .rank = RANK_OTHER};
	struct err e;
	uint32_t i = 0;

	if (batch_task(b, &t, &i, &e))
		die("task", &e);
	return i;
}

static void name_call(struct ev_attempt *a, uint32_t no, bool log)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "resp_%08x%08x%08x", no,
			 no * 2654435761U, no ^ 0x5bd1e995U);

	a->keys[a->n_keys++] = ev_key("response", STR("provider:openai"),
				      (struct str){text, (size_t)n});
	if (log)
		return;
	n = snprintf(text, sizeof(text), "%08x%024x%016x", no, no ^ 7U, no);
	a->keys[a->n_keys++] =
		ev_key("span", STR("otlp"), (struct str){text, (size_t)n});
}

/* Call `no`, as its span tells it, or as a log does. */
static void add_call(struct batch *b, uint32_t task, uint32_t no, int64_t us,
		     bool log)
{
	static const char *const models[] = {"gpt-5", "gpt-5-mini",
					     "gpt-5-nano", "gpt-4.1", "o3"};
	struct ev_attempt a;
	struct err e;

	ev_attempt_init(&a);
	a.task = task_of_call(b, task);
	name_call(&a, no, log);
	a.started_us = us + no % 1000000;
	a.ended_us = a.started_us + 800000 + no % 4000000;
	a.provider = STR("openai");
	a.model = a.requested_model = str_from(models[no % 5]);
	a.usage.n[USAGE_UNCACHED_IN] = 1000 + no % 5000;
	a.usage.n[USAGE_CACHE_READ] = no % 20000;
	a.usage.n[USAGE_OUTPUT] = 100 + no % 900;
	a.finish_reason = STR("stop");
	a.source = log ? STR("otlp:log") : STR("otlp");
	a.rank = log ? RANK_CANONICAL : RANK_OTHER;
	if (batch_attempt(b, &a, &e))
		die("attempt", &e);
}

struct calls {
	struct batch **b;
	size_t n;
};

/* The call that comes next: of one of the tasks that take turns. */
struct call {
	uint32_t no, task;
};
struct source {
	uint32_t no, task; /* the next ones */
	struct {
		uint32_t task, calls;
	} live[LIVE];
};

static struct call next_call(struct source *s)
{
	uint32_t i = draw(LIVE);

	if (s->live[i].calls == 0) {
		s->live[i].task = s->task++;
		s->live[i].calls = CALLS;
	}
	s->live[i].calls--;
	return (struct call){s->no++, s->live[i].task};
}

/* The batches of one writer; `log`: the second reports of the same calls. */
static struct calls make(const struct work *w, bool log)
{
	struct source s = {.no = (uint32_t)w->me << 28};
	struct call *sent = xcalloc((size_t)w->batch, sizeof(*sent));
	int mine = w->rows / w->writers;
	int again = strcmp(w->way, "dup1") == 0 ? 100 : w->batch + 1;
	int64_t us = start_us() - 10 * US_PER_SEC;
	struct calls c = {.n = (size_t)((mine + w->batch - 1) / w->batch)};

	s.task = s.no;
	random_state = 88172645463325252U + (uint64_t)w->me;
	c.b = xcalloc(c.n, sizeof(struct batch *));
	for (size_t i = 0; i < c.n; i++) {
		c.b[i] = batch_new(BATCH_MAX);
		for (int k = 0; k < w->batch && mine > 0; k++, mine--) {
			/* Some of the batch before, as if unanswered. */
			if (i == 0 || (k + 1) % again)
				sent[k] = next_call(&s);
			add_call(c.b[i], sent[k].task, sent[k].no, us, log);
		}
	}
	free(sent);
	return c;
}

static void append(struct ledger *l, const struct calls *c)
{
	struct err e;

	for (size_t i = 0; i < c->n; i++) {
		if (ledger_append_wait(l, c->b[i], NULL, &e))
			die("append", &e);
	}
}

/* ---- rows as COPY wrote them ---- */

struct rows {
	const char *p, *end;
	int fields;
};

static struct rows rows_open(const struct work *w, const char *table)
{
	char *path = xasprintf("%s/%s", w->folder, table);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	struct rows r;
	void *p;

	if (fd < 0 || fstat(fd, &st) || st.st_size < 21)
		die(path, NULL);
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		die(path, NULL);
	close(fd);
	free(path);
	r.p = (const char *)p + 19; /* after the header */
	r.end = (const char *)p + st.st_size;
	r.fields = 0;
	return r;
}

static int32_t be32(const char *p)
{
	uint32_t v = 0;

	for (int i = 0; i < 4; i++)
		v = v << 8 | (uint8_t)p[i];
	return (int32_t)v;
}

/* The length of a field with its value. */
static size_t field_size(const char *p)
{
	int32_t n = be32(p);

	return 4 + (n < 0 ? 0 : (size_t)n);
}

/* The next row; NULL after the last. */
static const char *row_next(struct rows *r, size_t *size)
{
	const char *from = r->p, *p = r->p + 2;

	r->fields = (uint8_t)from[0] << 8 | (uint8_t)from[1];
	if (r->fields == 0xffff)
		return NULL;
	for (int i = 0; i < r->fields; i++)
		p += field_size(p);
	r->p = p;
	*size = (size_t)(p - from);
	return from;
}

static size_t rows_count(struct rows r)
{
	size_t n = 0, size;

	while (row_next(&r, &size))
		n++;
	return n;
}

/* Data of COPY, one for each batch; a writer has every `writers`th. */
static struct buf *chunks(const struct work *w, const char *table, size_t n)
{
	struct rows r = rows_open(w, table);
	size_t all = rows_count(r), each = (all + n - 1) / n;
	struct buf *c = xcalloc(n, sizeof(*c));

	for (size_t i = 0; i < n; i++) {
		const char *row;
		size_t size;

		buf_init(&c[i], PARAMS_MAX);
		db_copy_header(&c[i]);
		for (size_t k = 0; k < each && (row = row_next(&r, &size)); k++)
			buf_add(&c[i], row, size);
		db_copy_trailer(&c[i]);
	}
	return c;
}

static void copy(struct db *db, const struct sql_stmt *stmt, struct buf *b)
{
	struct err e;

	if (db_run_copy(db, stmt, b, NULL, &e))
		die(stmt->name, &e);
}

static void run(struct db *db, const struct sql_stmt *stmt,
		const struct db_args *args)
{
	struct err e;

	if (db_run(db, stmt, args, NULL, NULL, &e))
		die(stmt->name, &e);
}

/* The same rows as arrays, column by column. Enums go as text; the last
 * column is always NULL here. */
#define COLUMNS 36
static const enum db_oid column_oids[COLUMNS] = {
	DB_DATE, DB_UUID,        DB_UUID,        DB_UUID,        DB_DATE,
	DB_INT4, DB_INT4,        DB_INT2,        DB_INT2,        DB_TEXT,
	DB_TEXT, DB_TIMESTAMPTZ, DB_TIMESTAMPTZ, DB_TIMESTAMPTZ, DB_TIMESTAMPTZ,
	DB_INT8, DB_INT8,        DB_INT8,        DB_INT8,        DB_INT8,
	DB_INT8, DB_INT8,        DB_INT8,        DB_INT4,        DB_INT4,
	DB_INT8, DB_INT4,        DB_INT8,        DB_INT4,        DB_INT4,
	DB_INT4, DB_INT4,        DB_UUID,        DB_UUID,        DB_INT4,
	DB_BYTEA};

static const struct sql_stmt unnest_stmt = {
	"bench_unnest",
	"INSERT INTO attempt (day, id, task_id, step_id, step_day, model_id,\n"
	"  requested_model_id, tier, attempt_no, status, quality, started_at,\n"
	"  first_token_at, ended_at, received_at, uncached_in, cache_read,\n"
	"  cache_write_5m, cache_write_1h, output, reasoning, audio_in,\n"
	"  audio_out, web_search, other_tools, cost_pusd, price_id,\n"
	"  reported_cost_pusd, source_id, finish_id, error_id,\n"
	"  service_tier_id, escalated_from, decision_id, prov, keys)\n"
	"SELECT c1, c2, c3, c4, c5, c6, c7, c8, c9, c10::attempt_status,\n"
	"  c11::usage_quality, c12, c13, c14, c15, c16, c17, c18, c19, c20,\n"
	"  c21, c22, c23, c24, c25, c26, c27, c28, c29, c30, c31, c32, c33,\n"
	"  c34, c35, c36\n"
	"FROM unnest($1::date[], $2::uuid[], $3::uuid[], $4::uuid[],\n"
	"  $5::date[], $6::integer[], $7::integer[], $8::smallint[],\n"
	"  $9::smallint[], $10::text[], $11::text[], $12::timestamptz[],\n"
	"  $13::timestamptz[], $14::timestamptz[], $15::timestamptz[],\n"
	"  $16::bigint[], $17::bigint[], $18::bigint[], $19::bigint[],\n"
	"  $20::bigint[], $21::bigint[], $22::bigint[], $23::bigint[],\n"
	"  $24::integer[], $25::integer[], $26::bigint[], $27::integer[],\n"
	"  $28::bigint[], $29::integer[], $30::integer[], $31::integer[],\n"
	"  $32::integer[], $33::uuid[], $34::uuid[], $35::integer[],\n"
	"  $36::bytea[])\n"
	"  AS u (c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14,\n"
	"  c15, c16, c17, c18, c19, c20, c21, c22, c23, c24, c25, c26, c27,\n"
	"  c28, c29, c30, c31, c32, c33, c34, c35, c36)\n",
	"date[], uuid[]", false};

static void add_column(struct db_args *a, const char **rows, size_t n, int c)
{
	db_arr_begin(a, column_oids[c]);
	for (size_t i = 0; i < n; i++) {
		buf_add(&a->data, rows[i], field_size(rows[i]));
		db_arr_count(a);
		rows[i] += field_size(rows[i]);
	}
	db_arr_end(a);
}

static struct db_args *columns(const struct work *w, size_t n)
{
	struct rows r = rows_open(w, "attempt");
	size_t each = (rows_count(r) + n - 1) / n, size;
	struct db_args *args = xcalloc(n, sizeof(*args));
	const char **row = xcalloc(each, sizeof(char *));

	for (size_t i = 0; i < n; i++) {
		size_t k = 0;

		for (; k < each && (row[k] = row_next(&r, &size)); k++)
			row[k] += 2;
		db_args_init(&args[i], PARAMS_MAX);
		for (int c = 0; c < COLUMNS; c++)
			add_column(&args[i], row, k, c);
	}
	free(row);
	return args;
}

/* ---- one writer ---- */

/* All start together: each says that it is ready, and waits. */
struct gate {
	int ready[2], go[2];
};

static void gate_wait(const struct gate *g)
{
	char c = 0;

	close(g->go[1]);
	if (write(g->ready[1], &c, 1) != 1 || read(g->go[0], &c, 1) != 0)
		die("the others are gone", NULL);
}

static void write_ledger(const struct work *w, const struct gate *g)
{
	struct conf conf;
	struct calls c = make(w, false), second = c;
	struct ledger *l;
	struct err e;

	if (conf_load(&conf, NULL, &e))
		die("configuration", &e);
	if (ledger_open(&l, &conf, getenv("ACO_DATABASE_URL"), &e))
		die("open", &e);
	if (!strcmp(w->way, "log"))
		second = make(w, true);
	if (strcmp(w->way, "log") == 0 || strcmp(w->way, "again") == 0)
		append(l, &c);
	gate_wait(g);
	append(l, &second);
	ledger_close(l);
	conf_release(&conf);
}

static void write_rows(const struct work *w, const struct gate *g)
{
	size_t n = (size_t)((w->rows + w->batch - 1) / w->batch);
	bool all = !strcmp(w->way, "copy"), array = !strcmp(w->way, "unnest");
	struct db_args *args = array ? columns(w, n) : NULL;
	struct buf *rows = array ? NULL : chunks(w, "attempt", n);
	struct buf *keys = all ? chunks(w, "attempt_key", n) : NULL;
	struct buf *steps = all ? chunks(w, "step", n) : NULL;
	struct db *db;
	struct err e;

	if (db_open(&db, getenv("ACO_DATABASE_URL"), "bench", &e))
		die("open", &e);
	gate_wait(g);
	for (size_t i = (size_t)w->me; i < n; i += (size_t)w->writers) {
		run(db, &sql_append_begin, NULL);
		if (array)
			run(db, &unnest_stmt, &args[i]);
		else
			copy(db, &sql_append_attempt, &rows[i]);
		if (all) {
			copy(db, &sql_append_key, &keys[i]);
			copy(db, &sql_append_step, &steps[i]);
		}
		run(db, &sql_append_commit, NULL);
	}
	db_close(db);
}

/* ---- all of them ---- */

static void writer_start(struct work w, int me, const struct gate *g)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork", NULL);
	if (pid > 0)
		return;
	w.me = me;
	if (w.folder)
		write_rows(&w, g);
	else
		write_ledger(&w, g);
	_exit(0); /* the kernel frees batches faster than we could */
}

int main(int argc, char **argv)
{
	struct work w = {0};
	struct gate g;
	int64_t start;
	int status;
	char c;

	if (argc < 5)
		die("append_load WAY ROWS WRITERS BATCH [FOLDER]", NULL);
	w.way = argv[1];
	w.rows = (int)strtol(argv[2], NULL, 10);
	w.writers = (int)strtol(argv[3], NULL, 10);
	w.batch = (int)strtol(argv[4], NULL, 10);
	w.folder = argc > 5 ? argv[5] : NULL;
	if (w.rows < 1 || w.writers < 1 || w.writers > 8 || w.batch < 1)
		die("numbers that make no sense", NULL);
	if (pipe(g.ready) || pipe(g.go))
		die("pipe", NULL);
	for (int i = 0; i < w.writers; i++)
		writer_start(w, i, &g);
	close(g.ready[1]);
	for (int i = 0; i < w.writers; i++) {
		if (read(g.ready[0], &c, 1) != 1)
			die("a writer failed", NULL);
	}
	start = clock_mono_us();
	close(g.go[1]);
	for (int i = 0; i < w.writers; i++) {
		if (wait(&status) < 0 || status)
			die("a writer failed", NULL);
	}
	printf("%.6f\n", (double)(clock_mono_us() - start) / 1e6);
	return 0;
}
