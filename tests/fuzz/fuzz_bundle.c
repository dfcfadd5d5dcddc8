/* Bundles of any bytes: refused, or every table can be read and every forest
 * walked. Checksums are made right first, so that what lies behind them is
 * reached. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/crc32c.h"
#include "ledger/evidence.h"
#include "router/bundle_int.h"
#include "router/router.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void mend(char *p, size_t n)
{
	struct bundle_entry dir[SECTION_N];
	struct bundle_head h;

	if (n < sizeof(h) + sizeof(dir))
		return;
	memcpy(&h, p, sizeof(h));
	memcpy(dir, p + sizeof(h), sizeof(dir));
	for (int i = 0; i < SECTION_N; i++) {
		if (dir[i].at <= n && dir[i].bytes <= n - dir[i].at)
			dir[i].crc =
				crc32c(0, p + dir[i].at, (size_t)dir[i].bytes);
	}
	memcpy(p + sizeof(h), dir, sizeof(dir));
	h.bytes = n;
	h.schema = feature_schema();
	h.directory_crc = crc32c(0, dir, sizeof(dir));
	h.crc = crc32c(0, &h, offsetof(struct bundle_head, crc));
	memcpy(p, &h, sizeof(h));
}

static void watch(const struct bundle *b, const float *x)
{
	const struct spread *s;
	struct spread_watch w;
	struct spread_verdict v;
	int n;

	n = bundle_spreads(b, &s);
	spread_watch_init(&w, s, n);
	for (int i = 0; i < SPREAD_ROWS; i++)
		spread_watch_add(&w, x);
	spread_watch_tell(&w, &v);
	if (!(v.mean >= 0) || v.moved > v.vary)
		abort();
	spread_watch_release(&w);
}

static void check(const struct route_ask *ask, const struct decision *d)
{
	if (d->arm < -1 || d->arm >= ask->n_arms || !(d->propensity > 0) ||
	    !(d->propensity <= 1) || isnan(d->judge_gain))
		abort();
	if (d->arm >= 0 && ask->arms[d->arm].tier < ask->floor)
		abort();
}

/* Every goal, of a reply that stands and of one that is judged. */
static void ask_all(const struct bundle *b, struct route_ask *ask)
{
	static const double targets[] = {1, 0.5, 1e-6, 1e6};
	static const float seen[EVIDENCE_N] = {0};
	struct route_tried tried = {0, seen, EVIDENCE_N, 1000000000};
	static struct decision d;

	for (int i = 0; i < 24; i++) {
		ask->goal = (enum route_goal)(i % 3);
		ask->target = targets[i / 3 % 4];
		ask->stands = i >= 12;
		router_decide(b, ask, &d);
		check(ask, &d);
		ask->tried = &tried;
		ask->n_tried = 1;
		router_judge(b, ask, &d);
		check(ask, &d);
		ask->tried = NULL;
		ask->n_tried = 0;
	}
}

#define ARMS 3

static void decide(const struct bundle *b, const float *x)
{
	const struct bundle_class *c;
	const struct bundle_arm *a;
	struct route_arm arms[ARMS];
	struct route_ask ask = {.arms = arms,
				.n_arms = ARMS,
				.x = x,
				.n_x = feature_count(),
				.pinned = -1,
				.budget_left_pusd = -1,
				.explore = 0.3};
	int n = bundle_arms(b, &a);

	bundle_classes(b, &c);
	ask.class_name = c[0].name;
	for (int i = 0; i < ARMS; i++)
		arms[i] = (struct route_arm){.model = i < n ? a[i].name
							    : STR("another"),
					     .tier = 1 + 2 * i,
					     .in_fusd = 1000,
					     .cached_fusd = -1,
					     .out_fusd = 4000,
					     .allowed = true};
	ask_all(b, &ask);
	ask.x = NULL;
	ask.floor = 3;
	ask_all(b, &ask);
}

static void use(struct bundle *b)
{
	float x[FEATURE_ALL_MAX], out[BUNDLE_FORESTS_MAX];
	const struct bundle_class *c;
	const struct bundle_arm *a;
	const struct forest *f;
	int classes = bundle_classes(b, &c), arms = bundle_arms(b, &a), forests;
	float sum = 0;

	for (int i = 0; i < FEATURE_ALL_MAX; i++)
		x[i] = i % 3 ? (float)i : NAN;
	for (int i = 0; i < classes; i++) {
		if (bundle_class(b, c[i].name) != &c[i])
			abort();
		for (int k = 0; k < arms; k++)
			sum += c[i].rate[k] + c[i].seen[k] + c[i].cost[k];
		derive(bundle_derive(b), x, c[i].tier_rate, c[i].tasks, -1,
		       x + feature_count());
	}
	forests = bundle_forests(b, &f);
	forest_predict_many(f, forests, x, out);
	for (int i = 0; i < arms; i++)
		sum += calibrate(&a[i].cal, 0.5F);
	watch(b, x);
	decide(b, x);
	bundle_demote(b, "0");
	decide(b, x);
	if (sum < 0) /* so that it is read */
		x[0] = sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bundle *b;
	struct err e;
	char *copy = malloc(size + 1);

	if (!copy)
		return 0;
	memcpy(copy, data, size);
	if (!bundle_view(&b, copy, size, &e)) {
		use(b);
		bundle_drop(b);
	}
	mend(copy, size);
	if (!bundle_view(&b, copy, size, &e)) {
		use(b);
		bundle_drop(b);
	}
	free(copy);
	return 0;
}
