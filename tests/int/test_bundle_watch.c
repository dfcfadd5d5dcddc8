/* How versions come to workers: the link is followed, damage is refused and
 * the version before stays, and whoever looks while others are written never
 * sees half of one. */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ingest/bundle_watch.h"
#include "ingest/night.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "router/bundle_plain.h"
#include "tests/int/harness.h"

static struct conf conf_in(const char *home)
{
	struct conf c = {.home = xstrdup(home)};

	return c;
}

static void bytes_of(struct buf *b)
{
	buf_init(b, 1 << 20);
	bundle_plain(b);
	assert_true(b->len > 0);
}

static void serve(const struct conf *c, int32_t id, const char *parts,
		  const void *p, size_t n)
{
	struct err e = {0};

	ASSERT_OK(bundle_files_serve(c, id, parts, p, n, &e), &e);
}

static int files_in(const char *folder)
{
	char *cmd = xasprintf("ls %s/bundle | wc -l", folder);
	FILE *f = popen(cmd, "r");
	int n = -1;

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%d", &n), 1);
	pclose(f);
	free(cmd);
	return n;
}

static void versions_are_taken(void **state)
{
	const char *home = harness_dir();
	struct conf c = conf_in(home);
	struct bundle_watch *w = bundle_watch_new(&c);
	struct buf b;
	char parts[SHELF_PARTS];

	(void)state;
	bytes_of(&b);
	assert_ptr_equal(bundle_watch_now(w), bundle_shipped());
	assert_false(bundle_watch_look(w));
	assert_int_equal(bundle_files_serving(&c, parts), 0);
	serve(&c, 17, "", b.p, b.len);
	assert_int_equal(bundle_files_serving(&c, parts), 17);
	assert_string_equal(parts, "");
	assert_true(bundle_watch_look(w));
	assert_int_equal(bundle_id(bundle_watch_now(w)), 17);
	assert_false(bundle_watch_look(w));
	serve(&c, 17, "all", b.p, b.len);
	assert_int_equal(bundle_files_serving(&c, parts), 17);
	assert_string_equal(parts, "all");
	assert_true(bundle_watch_look(w));
	serve(&c, 18, "", b.p, b.len);
	assert_true(bundle_watch_look(w));
	assert_int_equal(bundle_id(bundle_watch_now(w)), 18);
	assert_int_equal(files_in(home), 2); /* it and the link */
	serve(&c, 0, "", NULL, 0);
	assert_true(bundle_watch_look(w));
	assert_ptr_equal(bundle_watch_now(w), bundle_shipped());
	assert_int_equal(files_in(home), 0);
	bundle_watch_free(w);
	buf_release(&b);
	free(c.home);
}

static void damage_is_refused(void **state)
{
	struct conf c = conf_in(harness_dir());
	struct bundle_watch *w;
	struct buf b;

	(void)state;
	bytes_of(&b);
	serve(&c, 3, "", b.p, b.len);
	w = bundle_watch_new(&c);
	assert_int_equal(bundle_id(bundle_watch_now(w)), 3);
	b.p[b.len / 2] ^= 1;
	serve(&c, 4, "", b.p, b.len);
	assert_false(bundle_watch_look(w));
	assert_int_equal(bundle_id(bundle_watch_now(w)), 3);
	serve(&c, 5, "", b.p, b.len / 2);
	assert_false(bundle_watch_look(w));
	serve(&c, 6, "", "no bundle", 9);
	assert_false(bundle_watch_look(w));
	assert_int_equal(bundle_id(bundle_watch_now(w)), 3);
	/* The next good one is taken. */
	b.p[b.len / 2] ^= 1;
	serve(&c, 7, "", b.p, b.len);
	assert_true(bundle_watch_look(w));
	assert_int_equal(bundle_id(bundle_watch_now(w)), 7);
	bundle_watch_free(w);
	buf_release(&b);
	free(c.home);
}

struct race {
	struct conf conf;
	struct buf bytes;
	atomic_bool over;
	int bad;
};

static void *writer(void *arg)
{
	struct race *r = arg;
	struct err e;

	for (int32_t id = 1; id <= 60; id++) {
		if (bundle_files_serve(&r->conf, id, id % 3 ? "" : "all",
				       r->bytes.p, r->bytes.len, &e))
			r->bad++;
	}
	atomic_store(&r->over, true);
	return NULL;
}

/* A look may find a link whose file has just been removed; then the next look
 * finds the next one. What it never does is to go without a version. */
static void looks_never_tear(void **state)
{
	struct race r = {.conf = conf_in(harness_dir())};
	struct bundle_watch *w;
	pthread_t t;
	int32_t last = 0;

	(void)state;
	bytes_of(&r.bytes);
	serve(&r.conf, 1, "", r.bytes.p, r.bytes.len);
	w = bundle_watch_new(&r.conf);
	assert_int_equal(pthread_create(&t, NULL, writer, &r), 0);
	while (!atomic_load(&r.over)) {
		int32_t id;

		bundle_watch_look(w);
		id = bundle_id(bundle_watch_now(w));
		assert_true(id >= last && id > 0);
		last = id;
	}
	pthread_join(t, NULL);
	bundle_watch_look(w);
	assert_int_equal(r.bad, 0);
	assert_int_equal(bundle_id(bundle_watch_now(w)), 60);
	bundle_watch_free(w);
	buf_release(&r.bytes);
	free(r.conf.home);
}

static void the_hour_comes(void **state)
{
	int64_t now, due, want;

	(void)state;
	assert_true(clock_parse(STR("2026-11-24T04:00:00Z"), &now));
	assert_true(night_due("03:17", now, &due));
	assert_true(clock_parse(STR("2026-11-24T03:17:00Z"), &want));
	assert_true(due == want);
	assert_true(night_due("04:00", now, &due) && due == now);
	assert_true(night_due("23:59", now, &due));
	assert_true(clock_parse(STR("2026-11-23T23:59:00Z"), &want));
	assert_true(due == want);
	assert_false(night_due("", now, &due));
	assert_false(night_due("24:00", now, &due));
	assert_false(night_due("3 17", now, &due));
	assert_false(night_due("03:17x", now, &due));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions_are_taken),
		cmocka_unit_test(damage_is_refused),
		cmocka_unit_test(looks_never_tear),
		cmocka_unit_test(the_hour_comes),
	};

	return harness_main_bare("bundle_watch", tests,
				 sizeof(tests) / sizeof(tests[0]));
}
