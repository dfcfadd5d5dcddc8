#include "router/bundle_build.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "ledger/crc32c.h"
#include "router/bundle_int.h"

#define PART_MAX BUNDLE_BYTES_MAX
#define TABLES   5

struct bundle_build {
	struct buf part[SECTION_N];
	struct buf table[TABLES]; /* rate, seen, cost, bonus, together */
	bool repeats;             /* some of the last is known */
	struct bundle_meta meta;
	struct bundle_focus focus; /* of the next class */
	bool derived;
};

struct bundle_build *bundle_build_new(void)
{
	struct bundle_build *b = xcalloc(1, sizeof(*b));

	for (int i = 0; i < SECTION_N; i++)
		buf_init(&b->part[i], PART_MAX);
	for (int i = 0; i < TABLES; i++)
		buf_init(&b->table[i], PART_MAX);
	b->meta.accept = -1;
	b->focus = (struct bundle_focus){1, 1};
	return b;
}

void bundle_build_free(struct bundle_build *b)
{
	if (!b)
		return;
	for (int i = 0; i < SECTION_N; i++)
		buf_release(&b->part[i]);
	for (int i = 0; i < TABLES; i++)
		buf_release(&b->table[i]);
	free(b);
}

static struct file_text add_text(struct bundle_build *b, struct str s)
{
	struct buf *t = &b->part[SECTION_TEXT];
	struct file_text at = {(uint32_t)t->len, (uint32_t)s.len};

	buf_add(t, s.p, s.len);
	return at;
}

static uint32_t add_calibration(struct bundle_build *b,
				const struct calibration *c)
{
	buf_add(&b->part[SECTION_CALIBRATIONS], c, sizeof(*c));
	return b->meta.calibrations++;
}

int bundle_build_forest(struct bundle_build *b, struct str packed)
{
	buf_add(&b->part[SECTION_FORESTS], packed.p, packed.len);
	return (int)b->meta.forests++;
}

int bundle_build_arm(struct bundle_build *b, const struct bundle_arm *a)
{
	struct file_arm f;

	memset(&f, 0, sizeof(f));
	f.name = add_text(b, a->name);
	f.tier = a->tier;
	f.own = a->own;
	f.lender = a->own ? (int32_t)b->meta.arms : a->lender;
	f.success = a->success;
	f.cost = a->cost;
	f.calibration = add_calibration(b, &a->cal);
	f.spread = a->spread;
	f.price_unit = a->price_unit;
	buf_add(&b->part[SECTION_ARMS], &f, sizeof(f));
	return (int)b->meta.arms++;
}

int bundle_build_class(struct bundle_build *b, const struct bundle_class *c)
{
	const float *tables[3] = {c->rate, c->seen, c->cost};
	const float none = 0;
	struct file_class f;

	memset(&f, 0, sizeof(f));
	f.name = add_text(b, c->name);
	f.tasks = c->tasks;
	f.parent = c->parent;
	f.floor = c->floor;
	f.calibration = add_calibration(b, &c->accept);
	memcpy(f.tier_rate, c->tier_rate, sizeof(f.tier_rate));
	f.common = b->focus.common;
	f.apart = b->focus.apart;
	f.policy.kind = (int32_t)c->policy.kind;
	f.policy.low = c->policy.low;
	f.policy.high = c->policy.high;
	f.policy.high_share = c->policy.high_share;
	f.policy.lambda = c->policy.lambda;
	f.policy.accept = c->policy.accept;
	f.policy.false_accept = c->policy.false_accept;
	f.policy.confidence = c->policy.confidence;
	f.policy.accept_rate = c->policy.accept_rate;
	f.policy.usd = c->policy.usd;
	memcpy(f.policy.mode, c->policy.mode, sizeof(f.policy.mode));
	buf_add(&b->part[SECTION_CLASSES], &f, sizeof(f));
	for (int i = 0; i < 3; i++)
		buf_add(&b->table[i], tables[i], b->meta.arms * sizeof(float));
	for (uint32_t i = 0; i < POLICY_RUNGS * b->meta.arms; i++)
		buf_add(&b->table[3], c->bonus ? &c->bonus[i] : &none,
			sizeof(none));
	buf_add(&b->table[4], c->together, sizeof(c->together));
	for (int t = 0; t < TIERS; t++)
		b->repeats |= c->together[t] > 0;
	return (int)b->meta.classes++;
}

void bundle_build_accept(struct bundle_build *b, int forest)
{
	b->meta.accept = forest;
}

void bundle_build_focus(struct bundle_build *b, struct bundle_focus f)
{
	b->focus = f;
}

void bundle_build_derive(struct bundle_build *b, const struct derive_tables *t)
{
	struct buf *out = &b->part[SECTION_DERIVE];
	struct file_derive d = {t->features, t->protos, t->clusters, {0}};
	size_t f = (size_t)t->features, p = (size_t)t->protos,
	       c = (size_t)t->clusters, w = sizeof(float);

	buf_clear(out);
	buf_add(out, &d, sizeof(d));
	buf_add(out, t->centre, f * w);
	buf_add(out, t->map, f * DERIVE_DIMS * w);
	buf_add(out, t->point, p * DERIVE_DIMS * w);
	buf_add(out, t->rate, p * TIERS * w);
	buf_add(out, t->weight, p * w);
	buf_add(out, t->cluster_mid, c * DERIVE_DIMS * w);
	buf_add(out, t->cluster_rate, c * TIERS * w);
	b->derived = true;
}

void bundle_build_spreads(struct bundle_build *b, const struct spread *s)
{
	buf_clear(&b->part[SECTION_SPREADS]);
	buf_add(&b->part[SECTION_SPREADS], s,
		(size_t)feature_count() * sizeof(*s));
}

void bundle_build_certificate(struct bundle_build *b, struct str json)
{
	buf_clear(&b->part[SECTION_CERTIFICATE]);
	buf_add(&b->part[SECTION_CERTIFICATE], json.p, json.len);
}

/* ---- what is there already ---- */

enum rc bundle_build_from(struct bundle_build **out, struct str bytes,
			  struct err *e)
{
	struct bundle_entry dir[SECTION_N];
	struct bundle_build *b;
	struct bundle *good;
	enum rc rc = bundle_view(&good, bytes.p, bytes.len, e);

	*out = NULL;
	if (rc)
		return rc;
	bundle_drop(good);
	b = *out = bundle_build_new();
	memcpy(dir, bytes.p + sizeof(struct bundle_head), sizeof(dir));
	for (int i = 0; i < SECTION_N; i++)
		buf_add(i == SECTION_TABLES ? &b->table[0] : &b->part[i],
			bytes.p + dir[i].at, (size_t)dir[i].bytes);
	memcpy(&b->meta, b->part[SECTION_META].p, sizeof(b->meta));
	b->derived = true;
	return RC_OK;
}

void bundle_build_recalibrate(struct bundle_build *b, int arm,
			      const struct calibration *c, float spread)
{
	char *at =
		b->part[SECTION_ARMS].p + (size_t)arm * sizeof(struct file_arm);
	struct file_arm f;

	memcpy(&f, at, sizeof(f));
	f.spread = spread;
	memcpy(at, &f, sizeof(f));
	memcpy(b->part[SECTION_CALIBRATIONS].p + f.calibration * sizeof(*c), c,
	       sizeof(*c));
}

/* ---- writing ---- */

static void align(struct buf *out)
{
	static const char zeros[BUNDLE_ALIGN];
	size_t over = out->len % BUNDLE_ALIGN;

	if (over)
		buf_add(out, zeros, BUNDLE_ALIGN - over);
}

static void finish_parts(struct bundle_build *b)
{
	const struct derive_tables none = {.features = 0};

	b->meta.columns = (uint32_t)feature_total();
	if (!b->derived)
		bundle_build_derive(b, &none);
	if (!b->part[SECTION_CERTIFICATE].len)
		bundle_build_certificate(b, STR("{}"));
	buf_clear(&b->part[SECTION_META]);
	buf_add(&b->part[SECTION_META], &b->meta, sizeof(b->meta));
	buf_clear(&b->part[SECTION_TABLES]);
	/* Left out where it says nothing: programs that do not know it read
	 * the bundle, too. */
	for (int i = 0; i < TABLES - !b->repeats; i++)
		buf_add(&b->part[SECTION_TABLES], b->table[i].p,
			b->table[i].len);
}

static void put(struct bundle_build *b, struct buf *out)
{
	struct bundle_head h;
	struct bundle_entry dir[SECTION_N];

	memset(&h, 0, sizeof(h));
	memset(dir, 0, sizeof(dir));
	buf_add(out, &h, sizeof(h));
	buf_add(out, dir, sizeof(dir));
	for (int i = 0; i < SECTION_N; i++) {
		const struct buf *p = &b->part[i];

		align(out);
		dir[i] = (struct bundle_entry){
			(uint32_t)i, crc32c(0, p->p, p->len), out->len, p->len};
		buf_add(out, p->p, p->len);
	}
	align(out);
	if (!buf_ok(out))
		return;
	memcpy(h.magic, BUNDLE_MAGIC, sizeof(h.magic));
	h.format = BUNDLE_FORMAT;
	h.sections = SECTION_N;
	h.bytes = out->len;
	h.schema = feature_schema();
	h.derive_version = DERIVE_VERSION;
	h.directory_crc = crc32c(0, dir, sizeof(dir));
	h.crc = crc32c(0, &h, offsetof(struct bundle_head, crc));
	memcpy(out->p, &h, sizeof(h));
	memcpy(out->p + sizeof(h), dir, sizeof(dir));
}

enum rc bundle_build_write(struct bundle_build *b, struct buf *out,
			   struct err *e)
{
	struct bundle *back;
	enum rc rc;

	finish_parts(b);
	for (int i = 0; i < SECTION_N; i++) {
		if (!buf_ok(&b->part[i]))
			return err_set(e, RC_BAD, "the bundle is too large");
	}
	put(b, out);
	if (!buf_ok(out))
		return err_set(e, RC_BAD, "the bundle is too large");
	rc = bundle_view(&back, out->p, out->len, e);
	if (rc)
		return rc;
	bundle_drop(back);
	return RC_OK;
}
