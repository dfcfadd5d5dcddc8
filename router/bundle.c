/* Reading a bundle: checksums first, then bounds, then sense. */
#include "router/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/base/alloc.h"
#include "ledger/base/path.h"
#include "ledger/crc32c.h"
#include "ledger/hash.h"
#include "router/accept.h"
#include "router/bundle_build.h"
#include "router/bundle_check.h"
#include "router/bundle_int.h"

struct bundle {
	int refs;
	void *map;  /* to be unmapped, or NULL */
	void *copy; /* to be freed, or NULL */
	size_t map_bytes;
	int32_t id;
	struct uuid schema, hash;
	struct bundle_meta meta;
	struct bundle_arm *arms;
	struct bundle_class *classes;
	int *by_name; /* classes, in the order of their names */
	struct forest *forests;
	struct derive_tables derive;
	const struct spread *spreads;
	int n_spreads;
	struct str certificate;
};

/* While it is read. */
struct reader {
	struct bundle *b;
	struct str part[SECTION_N];
};

/* ---- the outside: head, directory, checksums ---- */

static enum rc check_head(const struct bundle_head *h, size_t n, struct err *e)
{
	struct uuid schema = feature_schema();

	if (memcmp(h->magic, BUNDLE_MAGIC, sizeof(h->magic)))
		return err_set(e, RC_BAD, "this is no bundle");
	if (h->crc != crc32c(0, h, offsetof(struct bundle_head, crc)))
		return err_set(e, RC_BAD, "the bundle's head is damaged");
	if (h->format != BUNDLE_FORMAT || h->sections != SECTION_N)
		return err_set(e, RC_BAD,
			       "the bundle is of format %u, this program reads "
			       "%d",
			       h->format, BUNDLE_FORMAT);
	if (h->bytes != n)
		return err_set(e, RC_BAD,
			       "the bundle is cut short, or longer than it "
			       "says");
	if (!uuid_eq(h->schema, schema) || h->derive_version != DERIVE_VERSION)
		return err_set(e, RC_BAD,
			       "the bundle was trained on other features than "
			       "this program's");
	return RC_OK;
}

static enum rc read_sections(struct reader *r, const char *p, size_t n,
			     struct err *e)
{
	struct bundle_entry dir[SECTION_N];
	struct bundle_head h;

	if (n < sizeof(h) + sizeof(dir))
		return err_set(e, RC_BAD, "this is no bundle");
	memcpy(&h, p, sizeof(h));
	if (check_head(&h, n, e))
		return RC_BAD;
	memcpy(dir, p + sizeof(h), sizeof(dir));
	if (h.directory_crc != crc32c(0, dir, sizeof(dir)))
		return err_set(e, RC_BAD, "the bundle's directory is damaged");
	for (uint32_t i = 0; i < SECTION_N; i++) {
		const struct bundle_entry *d = &dir[i];

		if (d->kind != i || d->at % BUNDLE_ALIGN || d->at > n ||
		    d->bytes > n - d->at)
			return err_set(e, RC_BAD,
				       "the bundle's directory is damaged");
		r->part[i] = (struct str){p + d->at, (size_t)d->bytes};
		if (d->crc != crc32c(0, p + d->at, (size_t)d->bytes))
			return err_set(e, RC_BAD,
				       "section %u of the bundle is damaged",
				       i);
	}
	r->b->schema = h.schema;
	return RC_OK;
}

/* ---- the parts ---- */

static size_t tables_bytes(const struct bundle_meta *m, bool together)
{
	return (size_t)m->classes *
	       ((3 + POLICY_RUNGS) * (size_t)m->arms + (together ? TIERS : 0)) *
	       sizeof(float);
}

static enum rc read_meta(struct reader *r, struct err *e)
{
	struct bundle_meta *m = &r->b->meta;
	const struct str *p = r->part;

	if (p[SECTION_META].len != sizeof(*m))
		return err_set(e, RC_BAD, "the bundle's sizes are damaged");
	memcpy(m, p[SECTION_META].p, sizeof(*m));
	if (!m->arms || m->arms > BUNDLE_ARMS_MAX || !m->classes ||
	    m->classes > BUNDLE_CLASSES_MAX ||
	    m->forests > BUNDLE_FORESTS_MAX ||
	    m->calibrations != m->arms + m->classes ||
	    m->columns != (uint32_t)feature_total())
		return err_set(e, RC_BAD,
			       "the bundle has no arms or classes, or more "
			       "than is allowed");
	if (p[SECTION_ARMS].len != m->arms * sizeof(struct file_arm) ||
	    p[SECTION_CLASSES].len != m->classes * sizeof(struct file_class) ||
	    p[SECTION_CALIBRATIONS].len !=
		    m->calibrations * sizeof(struct calibration) ||
	    (p[SECTION_TABLES].len != tables_bytes(m, false) &&
	     p[SECTION_TABLES].len != tables_bytes(m, true)))
		return err_set(e, RC_BAD, "the bundle's tables are damaged");
	return RC_OK;
}

static enum rc read_text(const struct reader *r, struct file_text t,
			 struct str *out, struct err *e)
{
	struct str all = r->part[SECTION_TEXT];

	if (t.at > all.len || t.bytes > all.len - t.at || t.bytes > 256)
		return err_set(e, RC_BAD, "a name in the bundle is damaged");
	*out = (struct str){all.p + t.at, t.bytes};
	if (!str_utf8_ok(*out))
		return err_set(e, RC_BAD, "a name in the bundle is no text");
	return RC_OK;
}

static enum rc read_forests(struct reader *r, struct err *e)
{
	struct bundle *b = r->b;
	struct str all = r->part[SECTION_FORESTS];
	int32_t accept = b->meta.accept;

	b->forests = xcalloc(b->meta.forests + 1, sizeof(*b->forests));
	for (uint32_t i = 0; i < b->meta.forests; i++) {
		size_t used;
		enum rc rc =
			forest_open(&b->forests[i], all.p, all.len, &used, e);

		if (rc)
			return rc;
		all.p += used;
		all.len -= used;
	}
	if (accept < -1 || accept >= (int32_t)b->meta.forests ||
	    (accept >= 0 && (b->forests[accept].features > ACCEPT_COLUMNS ||
			     b->forests[accept].kind != FOREST_LOGISTIC)))
		return err_set(e, RC_BAD, "the accept model is none");
	return RC_OK;
}

static enum rc read_calibration(const struct reader *r, uint32_t at,
				struct calibration *out, struct err *e)
{
	if (at >= r->b->meta.calibrations)
		return err_set(e, RC_BAD, "a calibration is not there");
	memcpy(out, r->part[SECTION_CALIBRATIONS].p + at * sizeof(*out),
	       sizeof(*out));
	return RC_OK;
}

static enum rc read_arms(struct reader *r, struct err *e)
{
	struct bundle *b = r->b;
	int n = (int)b->meta.arms;

	b->arms = xcalloc((size_t)n, sizeof(*b->arms));
	for (int i = 0; i < n; i++) {
		struct bundle_arm *a = &b->arms[i];
		struct file_arm f;

		memcpy(&f, r->part[SECTION_ARMS].p + (size_t)i * sizeof(f),
		       sizeof(f));
		*a = (struct bundle_arm){
			.tier = f.tier,
			.own = f.own,
			.lender = f.lender,
			.success = f.success,
			.cost = f.cost,
			.spread = f.spread,
			.price_unit = f.price_unit,
		};
		if (read_text(r, f.name, &a->name, e) ||
		    read_calibration(r, f.calibration, &a->cal, e) ||
		    bundle_check_arm(a, n, b->forests, (int)b->meta.forests, e))
			return RC_BAD;
		if (a->own && a->lender != i)
			return err_set(e, RC_BAD,
				       "an arm with forests of its own "
				       "borrows");
	}
	for (int i = 0; i < n; i++) {
		if (!b->arms[i].own && b->arms[i].lender != i &&
		    !b->arms[b->arms[i].lender].own)
			return err_set(e, RC_BAD,
				       "an arm borrows from one that has "
				       "nothing");
	}
	return RC_OK;
}

static enum rc read_class(struct reader *r, int i, struct err *e)
{
	const float *tables = (const void *)r->part[SECTION_TABLES].p;
	struct bundle *b = r->b;
	struct bundle_class *c = &b->classes[i];
	size_t arms = b->meta.arms, all = arms * b->meta.classes;
	struct file_class f;

	memcpy(&f, r->part[SECTION_CLASSES].p + (size_t)i * sizeof(f),
	       sizeof(f));
	*c = (struct bundle_class){
		.parent = f.parent,
		.tasks = f.tasks,
		.floor = f.floor,
		.focus = {f.common, f.apart},
		.rate = tables + (size_t)i * arms,
		.seen = tables + all + (size_t)i * arms,
		.cost = tables + 2 * all + (size_t)i * arms,
		.bonus = tables + 3 * all + (size_t)i * POLICY_RUNGS * arms,
	};
	memcpy(c->tier_rate, f.tier_rate, sizeof(c->tier_rate));
	if (r->part[SECTION_TABLES].len == tables_bytes(&b->meta, true))
		memcpy(c->together,
		       tables + (3 + POLICY_RUNGS) * all + (size_t)i * TIERS,
		       sizeof(c->together));
	if (f.policy.low < -1 || f.policy.low >= (int)arms ||
	    f.policy.high < -1 || f.policy.high >= (int)arms)
		return err_set(e, RC_BAD, "a policy names no arm");
	c->policy = (struct policy){
		.kind = (enum policy_kind)f.policy.kind,
		.low = (int16_t)f.policy.low,
		.high = (int16_t)f.policy.high,
		.high_share = f.policy.high_share,
		.lambda = f.policy.lambda,
		.accept = f.policy.accept,
		.false_accept = f.policy.false_accept,
		.confidence = f.policy.confidence,
		.accept_rate = f.policy.accept_rate,
		.usd = f.policy.usd,
	};
	memcpy(c->policy.mode, f.policy.mode, sizeof(c->policy.mode));
	if (read_text(r, f.name, &c->name, e) ||
	    read_calibration(r, f.calibration, &c->accept, e))
		return RC_BAD;
	return bundle_check_class(c, i, (int)arms, e);
}

static int by_name(const void *pa, const void *pb, void *arg)
{
	const struct bundle_class *c = arg;

	return str_cmp(c[*(const int *)pa].name, c[*(const int *)pb].name);
}

static enum rc read_classes(struct reader *r, struct err *e)
{
	struct bundle *b = r->b;
	int n = (int)b->meta.classes;

	b->classes = xcalloc((size_t)n, sizeof(*b->classes));
	b->by_name = xcalloc((size_t)n, sizeof(*b->by_name));
	for (int i = 0; i < n; i++) {
		b->by_name[i] = i;
		if (read_class(r, i, e))
			return RC_BAD;
	}
	qsort_r(b->by_name, (size_t)n, sizeof(int), by_name, b->classes);
	for (int i = 1; i < n; i++) {
		if (!by_name(&b->by_name[i - 1], &b->by_name[i], b->classes))
			return err_set(e, RC_BAD, "a class is there twice");
	}
	return RC_OK;
}

static enum rc read_derive(struct reader *r, struct err *e)
{
	struct str p = r->part[SECTION_DERIVE];
	struct derive_tables *t = &r->b->derive;
	struct file_derive d;
	const float *v;

	if (p.len < sizeof(d))
		return err_set(e, RC_BAD, "the prototypes are damaged");
	memcpy(&d, p.p, sizeof(d));
	if (d.features < 0 || d.features > FEATURE_MAX || d.protos < 0 ||
	    d.protos > BUNDLE_PROTOS_MAX || d.clusters < 0 ||
	    d.clusters > BUNDLE_PROTOS_MAX ||
	    p.len != sizeof(d) + derive_floats(&d) * sizeof(float))
		return err_set(e, RC_BAD, "the prototypes are damaged");
	*t = (struct derive_tables){.features = d.features,
				    .protos = d.protos,
				    .clusters = d.clusters};
	v = (const void *)(p.p + sizeof(d));
	t->centre = v;
	t->map = v += d.features;
	t->point = v += d.features * DERIVE_DIMS;
	t->rate = v += d.protos * DERIVE_DIMS;
	t->weight = v += d.protos * TIERS;
	t->cluster_mid = v += d.protos;
	t->cluster_rate = v + d.clusters * DERIVE_DIMS;
	return bundle_check_derive(t, e);
}

static enum rc read_spreads(struct reader *r, struct err *e)
{
	struct str p = r->part[SECTION_SPREADS];
	size_t n = (size_t)feature_count();

	if (!p.len)
		return RC_OK;
	if (p.len != n * sizeof(struct spread))
		return err_set(e, RC_BAD, "the spreads are damaged");
	r->b->spreads = (const void *)p.p;
	r->b->n_spreads = (int)n;
	return bundle_check_spreads(r->b->spreads, r->b->n_spreads, e);
}

static enum rc read_all(struct reader *r, const char *p, size_t n,
			struct err *e)
{
	uint8_t sum[32];

	if (read_sections(r, p, n, e) || read_meta(r, e) ||
	    read_forests(r, e) || read_arms(r, e) || read_classes(r, e) ||
	    read_derive(r, e) || read_spreads(r, e))
		return RC_BAD;
	r->b->certificate = r->part[SECTION_CERTIFICATE];
	if (!str_utf8_ok(r->b->certificate))
		return err_set(e, RC_BAD, "the certificate is no text");
	hash_sha256(p, n, sum);
	memcpy(r->b->hash.b, sum, sizeof(r->b->hash.b));
	return RC_OK;
}

/* ---- life ---- */

static void bundle_free(struct bundle *b)
{
	if (b->map)
		munmap(b->map, b->map_bytes);
	free(b->copy);
	free(b->arms);
	free(b->classes);
	free(b->by_name);
	free(b->forests);
	free(b);
}

struct bundle *bundle_keep(struct bundle *b)
{
	__atomic_add_fetch(&b->refs, 1, __ATOMIC_RELAXED);
	return b;
}

void bundle_drop(struct bundle *b)
{
	if (b && !__atomic_sub_fetch(&b->refs, 1, __ATOMIC_ACQ_REL))
		bundle_free(b);
}

static enum rc view(struct bundle **out, struct bundle *b, const char *p,
		    size_t n, struct err *e)
{
	struct reader r = {.b = b};
	enum rc rc = read_all(&r, p, n, e);

	b->refs = 1;
	*out = rc ? NULL : b;
	if (rc)
		bundle_free(b);
	return rc;
}

enum rc bundle_view(struct bundle **out, const void *p, size_t n, struct err *e)
{
	struct bundle *b;

	*out = NULL;
	if (n > BUNDLE_BYTES_MAX)
		return err_set(e, RC_BAD, "the bundle is too large");
	b = xcalloc(1, sizeof(*b));
	if ((uintptr_t)p % BUNDLE_ALIGN == 0)
		return view(out, b, p, n, e);
	b->copy = aligned_alloc(BUNDLE_ALIGN,
				(n / BUNDLE_ALIGN + 1) * BUNDLE_ALIGN);
	if (!b->copy) {
		bundle_free(b);
		return err_set(e, RC_DOWN, "no memory for the bundle");
	}
	memcpy(b->copy, p, n);
	return view(out, b, b->copy, n, e);
}

enum rc bundle_open(struct bundle **out, const char *path, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum rc rc = RC_OK;
	struct bundle *b;
	struct stat st;
	void *map = MAP_FAILED;

	*out = NULL;
	if (fd < 0)
		return path_errno(e, "opening", path);
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		rc = err_set(e, RC_BAD, "%s is no file", path);
	else if (st.st_size < 1 || st.st_size > (off_t)BUNDLE_BYTES_MAX)
		rc = err_set(e, RC_BAD, "%s is no bundle", path);
	else
		map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd,
			   0);
	if (!rc && map == MAP_FAILED)
		rc = path_errno(e, "mapping", path);
	close(fd);
	if (rc)
		return rc;
	b = xcalloc(1, sizeof(*b));
	b->map = map;
	b->map_bytes = (size_t)st.st_size;
	rc = view(out, b, map, (size_t)st.st_size, e);
	if (rc)
		err_prefix(e, "%s", path);
	return rc;
}

/* ---- look-ups ---- */

int32_t bundle_id(const struct bundle *b)
{
	return b->id;
}

void bundle_set_id(struct bundle *b, int32_t id)
{
	b->id = id;
}

bool bundle_demote(struct bundle *b, const char *parts)
{
	bool all = !strcmp(parts, "all"), good = true;
	char *end;

	for (; *parts && good && !all; parts = *end ? end + 1 : end) {
		unsigned long at = strtoul(parts, &end, 10);

		good = *parts >= '0' && *parts <= '9' && at < b->meta.classes &&
		       (!*end || (*end == '.' && end[1]));
		if (good)
			policy_demote(&b->classes[at].policy);
	}
	for (uint32_t i = 0; i < b->meta.classes && (all || !good); i++)
		policy_demote(&b->classes[i].policy);
	return good;
}

struct uuid bundle_hash(const struct bundle *b)
{
	return b->hash;
}

struct uuid bundle_schema(const struct bundle *b)
{
	return b->schema;
}

int bundle_arms(const struct bundle *b, const struct bundle_arm **arms)
{
	*arms = b->arms;
	return (int)b->meta.arms;
}

int bundle_forests(const struct bundle *b, const struct forest **f)
{
	*f = b->forests;
	return (int)b->meta.forests;
}

int bundle_classes(const struct bundle *b, const struct bundle_class **c)
{
	*c = b->classes;
	return (int)b->meta.classes;
}

const struct bundle_class *bundle_fleet(const struct bundle *b)
{
	return b->classes;
}

const struct bundle_class *bundle_class(const struct bundle *b, struct str name)
{
	int low = 0, high = (int)b->meta.classes;

	while (low < high) {
		int mid = low + (high - low) / 2;
		const struct bundle_class *c = &b->classes[b->by_name[mid]];
		int cmp = str_cmp(name, c->name);

		if (!cmp)
			return c;
		if (cmp < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

struct str bundle_class_above(struct str name)
{
	while (name.len > 0) {
		char c = name.p[--name.len];

		if ((c == '/' || c == '.' || c == ':') && name.len)
			return name;
	}
	return STR_NONE;
}

const struct bundle_class *bundle_class_nearest(const struct bundle *b,
						struct str name)
{
	for (struct str s = name; s.len; s = bundle_class_above(s)) {
		const struct bundle_class *c = bundle_class(b, s);

		if (c)
			return c;
	}
	return bundle_fleet(b);
}

const struct bundle_class *bundle_class_asked(const struct bundle *b,
					      struct str name, bool blind)
{
	const struct bundle_class *c = bundle_class_nearest(b, name), *part;
	const size_t tail = sizeof(BUNDLE_BLIND) - 1;
	char s[BUNDLE_BLIND_MAX];

	/* A decision allocates nothing. */
	if (!blind || c->name.len + tail > sizeof(s))
		return c;
	memcpy(s, c->name.p, c->name.len);
	memcpy(s + c->name.len, BUNDLE_BLIND, tail);
	part = bundle_class(b, (struct str){s, c->name.len + tail});
	return part ? part : c;
}

const struct forest *bundle_accept(const struct bundle *b)
{
	return b->meta.accept < 0 ? NULL : &b->forests[b->meta.accept];
}

const struct derive_tables *bundle_derive(const struct bundle *b)
{
	return &b->derive;
}

int bundle_spreads(const struct bundle *b, const struct spread **s)
{
	*s = b->spreads;
	return b->n_spreads;
}

struct str bundle_certificate(const struct bundle *b)
{
	return b->certificate;
}
