/* A bundle written is read back as it was; the shipped one serves; damaged,
 * foreign, cut and nonsensical ones are refused. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "ledger/base/alloc.h"
#include "ledger/crc32c.h"
#include "router/bundle_build.h"
#include "router/bundle_int.h"
#include "router/bundle_plain.h"
#include "router/forest_int.h"

#define ARMS 3
#define MAX  ((size_t)16 << 20)

static float rates[ARMS] = {0.5F, 0.75F, NAN};
static float seen[ARMS] = {10, 20, 0};
static float costs[ARMS] = {1000, 2000, NAN};

/* A forest of one tree: x[column] < 0.5 ? a : b. */
static void stump(struct buf *out, enum forest_kind kind, int features,
		  uint32_t column, float a, float b)
{
	struct forest_head h = {FOREST_MAGIC,
				(uint32_t)kind,
				1,
				1,
				(uint32_t)features,
				0,
				forest_bytes(1, 1),
				{0}};
	struct forest_node n[2] = {{0, 0}, {0.5F, column * 2}};
	float leaves[2] = {a, b};
	uint16_t covers[2] = {30000, 35535};
	char zero[64] = {0};

	buf_init(out, MAX);
	buf_add(out, &h, sizeof(h));
	buf_add(out, n, sizeof(n));
	buf_add(out, leaves, sizeof(leaves));
	buf_add(out, covers, sizeof(covers));
	buf_add(out, zero, h.bytes - out->len);
}

static struct bundle_arm arm_of(const char *name, int tier)
{
	return (struct bundle_arm){.name = str_from(name),
				   .tier = tier,
				   .own = true,
				   .success = -1,
				   .cost = -1,
				   .cal = {2, {0.1F, 0.9F}, {0.2F, 0.8F}},
				   .spread = 0.05F,
				   .price_unit = 3e6F};
}

static struct bundle_class class_of(const char *name, int parent)
{
	return (struct bundle_class){
		.name = str_from(name),
		.parent = parent,
		.tasks = 30,
		.floor = 1,
		.rate = rates,
		.seen = seen,
		.cost = costs,
		.tier_rate = {0.5F, NAN, 0.75F, NAN, NAN},
		.together = {0.4F, 0, 0, 0.9F, 0},
		.policy = {POLICY_STATIC,
			   0,
			   1,
			   0.25F,
			   3,
			   0.9F,
			   0.04F,
			   0.95F,
			   0.6F,
			   0,
			   {0}},
		.accept = {1, {0.5F}, {0.5F}},
	};
}

static void add_derive(struct bundle_build *b)
{
	int n = feature_count();
	float *zero = xcalloc((size_t)n * DERIVE_DIMS, sizeof(float));
	float weight[2] = {1, 3}, rate[2 * TIERS] = {0.5F, NAN, 1, 0, NAN};
	struct derive_tables t = {n,    2,    1,      zero, zero,
				  zero, rate, weight, zero, rate};

	bundle_build_derive(b, &t);
	free(zero);
}

/* Of the class "coding". */
static struct bundle_focus focus;

/* A bundle with some of everything; `change` may spoil it before it is
 * written. */
static struct bundle_build *sample(void (*change)(struct bundle_arm *,
						  struct bundle_class *))
{
	struct bundle_build *b = bundle_build_new();
	struct bundle_arm arm[ARMS] = {arm_of("small", 1), arm_of("big", 4),
				       arm_of("new", 4)};
	struct bundle_class class[2] = {class_of("fleet", -1),
					class_of("coding", 0)};
	struct buf f;

	stump(&f, FOREST_LOGISTIC, 10, 3, -1, 1);
	arm[0].success = arm[1].success =
		bundle_build_forest(b, (struct str){f.p, f.len});
	buf_release(&f);
	stump(&f, FOREST_VALUE, feature_total(), 0, 5, 6);
	arm[0].cost = bundle_build_forest(b, (struct str){f.p, f.len});
	buf_release(&f);
	stump(&f, FOREST_LOGISTIC, 4, 1, 0, 2);
	bundle_build_accept(b,
			    bundle_build_forest(b, (struct str){f.p, f.len}));
	buf_release(&f);
	arm[2].own = false;
	arm[2].lender = 1;
	focus = (struct bundle_focus){0.75F, 0.25F};
	if (change)
		change(arm, class);
	for (int i = 0; i < ARMS; i++)
		assert_int_equal(bundle_build_arm(b, &arm[i]), i);
	for (int i = 0; i < 2; i++) {
		if (i)
			bundle_build_focus(b, focus);
		assert_int_equal(bundle_build_class(b, &class[i]), i);
	}
	add_derive(b);
	bundle_build_certificate(b, STR("{\"rows\":30}"));
	return b;
}

static void written(struct buf *out)
{
	struct bundle_build *b = sample(NULL);
	struct err e;

	buf_init(out, MAX);
	if (bundle_build_write(b, out, &e))
		fail_msg("%s", e.msg);
	bundle_build_free(b);
}

static void look(struct bundle *b)
{
	const struct bundle_class *c = bundle_class(b, STR("coding")), *all;
	const struct bundle_arm *a;
	const struct forest *f;
	float x[FEATURE_ALL_MAX] = {0};

	assert_int_equal(bundle_arms(b, &a), ARMS);
	assert_true(str_is(a[1].name, "big"));
	assert_int_equal(a[2].lender, 1);
	assert_false(a[2].own);
	assert_true(fabs((double)a[0].price_unit - 3e6) < 1);
	assert_int_equal(a[0].cal.n, 2);
	assert_int_equal(bundle_forests(b, &f), 3);
	assert_true(fabs((double)forest_margin(&f[0], x) + 1) < 1e-6);
	assert_ptr_equal(bundle_accept(b), &f[2]);
	assert_int_equal(bundle_classes(b, &all), 2);
	assert_ptr_equal(bundle_fleet(b), all);
	assert_ptr_equal(c, all + 1);
	assert_null(bundle_class(b, STR("nothing")));
	assert_null(bundle_class(b, STR_NONE));
	assert_int_equal(c->parent, 0);
	assert_memory_equal(c->rate, rates, sizeof(rates));
	assert_memory_equal(c->seen, seen, sizeof(seen));
	assert_memory_equal(c->cost, costs, sizeof(costs));
	assert_int_equal(c->policy.kind, POLICY_STATIC);
	assert_int_equal(c->policy.high, 1);
	assert_true(all[0].focus.common >= 1 && all[0].focus.apart >= 1);
	assert_memory_equal(&c->focus, &focus, sizeof(focus));
	assert_true(c->together[3] > 0.89F && c->together[4] <= 0);
	assert_int_equal(bundle_derive(b)->protos, 2);
	assert_true(str_is(bundle_certificate(b), "{\"rows\":30}"));
	assert_true(uuid_eq(bundle_schema(b), feature_schema()));
	assert_false(uuid_is_nil(bundle_hash(b)));
	assert_int_equal(bundle_id(b), 0);
}

static void test_round_trip(void **state)
{
	struct buf bytes, again;
	struct bundle *b;
	struct err e;
	char *off;

	(void)state;
	written(&bytes);
	written(&again);
	assert_int_equal(bytes.len, again.len);
	assert_memory_equal(bytes.p, again.p, bytes.len);
	assert_int_equal(bundle_view(&b, bytes.p, bytes.len, &e), RC_OK);
	look(b);
	bundle_set_id(b, 7);
	assert_int_equal(bundle_id(b), 7);
	assert_ptr_equal(bundle_keep(b), b);
	bundle_drop(b);
	assert_int_equal(bundle_arms(b, &(const struct bundle_arm *){NULL}),
			 ARMS);
	bundle_drop(b);
	/* wherever the bytes lie */
	off = xcalloc(1, bytes.len + 3);
	memcpy(off + 3, bytes.p, bytes.len);
	assert_int_equal(bundle_view(&b, off + 3, bytes.len, &e), RC_OK);
	free(off);
	look(b);
	bundle_drop(b);
	bundle_drop(NULL);
	buf_release(&bytes);
	buf_release(&again);
}

static void test_file(void **state)
{
	char path[] = "/tmp/aco-bundle-XXXXXX";
	int fd = mkstemp(path);
	struct bundle *b;
	struct buf bytes;
	struct err e;

	(void)state;
	written(&bytes);
	assert_int_equal(bundle_open(&b, path, &e), RC_BAD); /* empty */
	assert_int_equal(write(fd, bytes.p, bytes.len), (ssize_t)bytes.len);
	assert_int_equal(bundle_open(&b, path, &e), RC_OK);
	unlink(path);
	look(b);
	bundle_drop(b);
	assert_int_equal(bundle_open(&b, path, &e), RC_DOWN);
	assert_null(b);
	assert_int_equal(bundle_open(&b, "/", &e), RC_BAD);
	assert_int_equal(bundle_open(&b, "/dev/null", &e), RC_BAD);
	close(fd);
	buf_release(&bytes);
}

/* Any byte changed is refused: all are under a checksum, but for padding. */
static void test_damaged(void **state)
{
	struct buf bytes;
	struct bundle *b;
	size_t passed = 0;
	struct err e;

	(void)state;
	written(&bytes);
	for (size_t i = 0; i < bytes.len; i++) {
		bytes.p[i] = (char)(bytes.p[i] ^ 0x10);
		if (!bundle_view(&b, bytes.p, bytes.len, &e)) {
			look(b);
			bundle_drop(b);
			passed++;
		}
		bytes.p[i] = (char)(bytes.p[i] ^ 0x10);
	}
	assert_true(passed < (size_t)SECTION_N * BUNDLE_ALIGN);
	for (size_t n = 0; n < bytes.len; n += n < 400 ? 1 : 97)
		assert_int_equal(bundle_view(&b, bytes.p, n, &e), RC_BAD);
	assert_null(b);
	buf_release(&bytes);
}

static void seal(struct buf *bytes)
{
	struct bundle_head h;

	memcpy(&h, bytes->p, sizeof(h));
	h.crc = crc32c(0, &h, offsetof(struct bundle_head, crc));
	memcpy(bytes->p, &h, sizeof(h));
}

static void test_foreign(void **state)
{
	struct buf bytes;
	struct bundle *b;
	struct err e;

	(void)state;
	written(&bytes);
	bytes.p[offsetof(struct bundle_head, schema)] ^= 1;
	seal(&bytes);
	assert_int_equal(bundle_view(&b, bytes.p, bytes.len, &e), RC_BAD);
	assert_non_null(strstr(e.msg, "other features"));
	bytes.p[offsetof(struct bundle_head, schema)] ^= 1;
	bytes.p[offsetof(struct bundle_head, derive_version)] ^= 64;
	seal(&bytes);
	assert_int_equal(bundle_view(&b, bytes.p, bytes.len, &e), RC_BAD);
	assert_non_null(strstr(e.msg, "other features"));
	bytes.p[offsetof(struct bundle_head, derive_version)] ^= 64;
	bytes.p[offsetof(struct bundle_head, format)] ^= 2;
	seal(&bytes);
	assert_int_equal(bundle_view(&b, bytes.p, bytes.len, &e), RC_BAD);
	assert_non_null(strstr(e.msg, "format"));
	buf_release(&bytes);
}

/* ---- what makes no sense is not even written ---- */

static int which;

static void spoil(struct bundle_arm *a, struct bundle_class *c)
{
	switch (which) {
	case 0:
		a[0].tier = 6;
		break;
	case 1:
		a[0].success = 9;
		break;
	case 2:
		a[0].success = 1; /* a forest of costs */
		break;
	case 3:
		a[2].lender = 3;
		break;
	case 4:
		a[1].own = false;
		a[1].lender = 2; /* which borrows itself */
		break;
	case 5:
		a[1].cal.x[1] = 0;
		break;
	case 6:
		a[1].cal.y[1] = 1.5F;
		break;
	case 7:
		a[1].cal.n = 65;
		break;
	case 8:
		a[0].price_unit = NAN;
		break;
	case 9:
		c[1].name = c[0].name;
		break;
	case 10:
		c[0].parent = 0;
		break;
	case 11:
		c[1].floor = 0;
		break;
	case 12:
		c[1].policy.low = 3;
		break;
	case 13:
		c[1].policy.low = -1;
		break;
	case 14:
		c[1].policy.high_share = NAN;
		break;
	case 15:
		c[1].policy.accept = 3;
		break;
	case 16:
		c[1].tasks = INFINITY;
		break;
	case 17:
		c[1].tier_rate[0] = 2;
		break;
	case 18:
		a[0].name = STR("");
		break;
	case 19:
		a[0].name = STR("\xff");
		break;
	case 20:
		c[1].policy.kind = (enum policy_kind)7;
		break;
	case 21:
		a[0].spread = -1;
		break;
	case 22:
		c[1].together[4] = NAN;
		break;
	case 23:
		focus.apart = NAN;
		break;
	case 24:
		focus.common = 1.5F;
		break;
	default:
		which = -1;
	}
}

static void test_nonsense(void **state)
{
	(void)state;
	for (which = 0;; which++) {
		struct bundle_build *b = sample(spoil);
		struct buf bytes;
		struct err e;
		enum rc rc;

		buf_init(&bytes, MAX);
		rc = bundle_build_write(b, &bytes, &e);
		buf_release(&bytes);
		bundle_build_free(b);
		if (which < 0) {
			assert_int_equal(rc, RC_OK);
			break;
		}
		if (rc != RC_BAD)
			fail_msg("case %d is taken", which);
	}
}

/* Without arms or classes there is no bundle. */
static void test_empty(void **state)
{
	struct bundle_build *b = bundle_build_new();
	struct buf bytes;
	struct err e;

	(void)state;
	buf_init(&bytes, MAX);
	assert_int_equal(bundle_build_write(b, &bytes, &e), RC_BAD);
	bundle_build_free(b);
	buf_clear(&bytes);
	b = sample(NULL);
	bytes.max = 1000;
	assert_int_equal(bundle_build_write(b, &bytes, &e), RC_BAD);
	buf_release(&bytes);
	bundle_build_free(b);
}

/* If this fails, router/data/shipped.aco is for other features: train it
 * again. */
static void test_shipped(void **state)
{
	const struct bundle *b = bundle_shipped();
	struct str bytes = bundle_shipped_bytes();
	struct bundle *again;
	struct buf plain;
	struct err e;

	(void)state;
	if (bundle_view(&again, bytes.p, bytes.len, &e))
		fail_msg("%s", e.msg);
	assert_true(uuid_eq(bundle_hash(b), bundle_hash(again)));
	bundle_drop(again);
	assert_ptr_equal(b, bundle_shipped());
	assert_int_equal(bundle_plain_floor(STR("legal")), 4);
	assert_int_equal(bundle_plain_floor(STR("medical")), 4);
	assert_int_equal(bundle_plain_floor(STR("finance")), 4);
	assert_int_equal(bundle_fleet(b)->floor, 1);
	assert_int_equal(bundle_plain_floor(STR("coding")), 1);
	buf_init(&plain, MAX);
	bundle_plain(&plain);
	assert_int_equal(bundle_view(&again, plain.p, plain.len, &e), RC_OK);
	assert_int_equal(bundle_fleet(again)->policy.kind, POLICY_STRONGEST);
	bundle_drop(again);
	buf_release(&plain);
}

/* A bundle's bytes, changed in one part and written again. */
static void test_again(void **state)
{
	struct spread s[FEATURE_MAX] = {{0}};
	const struct calibration cal = {2, {0.25F, 0.75F}, {0.5F, 1}};
	const struct bundle_arm *arms;
	const struct spread *back;
	struct bundle_build *b;
	struct bundle *was, *is;
	struct buf first, second;
	struct err e;

	(void)state;
	buf_init(&first, MAX);
	buf_init(&second, MAX);
	bundle_plain(&first);
	assert_int_equal(
		bundle_build_from(&b, (struct str){first.p, first.len}, &e),
		RC_OK);
	assert_int_equal(bundle_build_write(b, &second, &e), RC_OK);
	assert_int_equal(first.len, second.len);
	assert_memory_equal(first.p, second.p, first.len);
	buf_clear(&second);
	for (int j = 0; j < feature_count(); j++)
		s[j] = (struct spread){.n = 2,
				       .rows = 100,
				       .cut = {(float)j},
				       .share = {0.25F, 0.75F}};
	bundle_build_spreads(b, s);
	bundle_build_recalibrate(b, 1, &cal, 0.5F);
	assert_int_equal(bundle_build_write(b, &second, &e), RC_OK);
	assert_int_equal(bundle_view(&was, first.p, first.len, &e), RC_OK);
	assert_int_equal(bundle_view(&is, second.p, second.len, &e), RC_OK);
	assert_int_equal(bundle_spreads(was, &back), 0);
	assert_int_equal(bundle_spreads(is, &back), feature_count());
	assert_memory_equal(back, s, (size_t)feature_count() * sizeof(*s));
	assert_int_equal(bundle_arms(is, &arms), TIERS);
	assert_memory_equal(&arms[1].cal, &cal, sizeof(cal));
	assert_float_equal(arms[1].spread, 0.5, 0);
	assert_int_equal(arms[0].cal.n, 0);
	assert_true(str_eq(bundle_certificate(was), bundle_certificate(is)));
	/* What makes no sense is not written. */
	s[3].n = SPREAD_BINS + 1;
	bundle_build_spreads(b, s);
	buf_clear(&second);
	assert_int_equal(bundle_build_write(b, &second, &e), RC_BAD);
	s[3] = (struct spread){.n = 3, .rows = 1, .cut = {2, 1}};
	bundle_build_spreads(b, s);
	buf_clear(&second);
	assert_int_equal(bundle_build_write(b, &second, &e), RC_BAD);
	bundle_build_free(b);
	assert_int_equal(bundle_build_from(&b, STR("no bundle"), &e), RC_BAD);
	assert_null(b);
	bundle_drop(was);
	bundle_drop(is);
	buf_release(&first);
	buf_release(&second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_shipped),
		cmocka_unit_test(test_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
