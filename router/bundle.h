/* A version of the router in one file: feature schema, arms, class table,
 * forests, calibrations, prototypes, policies, certificate. Versioned,
 * checksummed (CRC32C over every section and over the directory), little
 * endian, mapped read-only; nothing is copied out of it. A damaged or foreign
 * file, or one for another feature schema, is refused by bundle_open(). */
#ifndef ACO_BUNDLE_H
#define ACO_BUNDLE_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/base/err.h"
#include "ledger/base/str.h"
#include "ledger/base/uuid.h"
#include "router/calibrate.h"
#include "router/forest.h"
#include "router/policy.h"

#define BUNDLE_ARMS_MAX    96
#define BUNDLE_CLASSES_MAX 256
#define BUNDLE_PROTOS_MAX  2000
#define TIERS              5

struct bundle_arm {
	struct str name; /* "tier:3" for what stands for a whole tier */
	int tier;
	bool own;   /* has forests of its own; else it borrows `lender`'s */
	int lender; /* index of an arm; itself when own */
	int success,
		cost; /* index of its forests, -1: none (class rates only) */
	struct calibration cal; /* of success */
	float price_unit;       /* femto-dollars a token that its cost model is
				   relative to; see router.h */
};

struct bundle_class {
	struct str name;
	int parent;   /* -1: the fleet */
	double tasks; /* that it learnt from */
	int floor;    /* lowest tier, 1..5 */
	/* by arm: smoothed success, its weight, mean cost in units */
	const float *rate, *seen, *cost;
	struct policy policy; /* what serves */
};

struct bundle; /* opaque but for these look-ups */

/* Map and check a file; or the same over bytes (borrowed; for the embedded
 * one and for one read from the ledger). */
enum rc bundle_open(struct bundle **out, const char *path,
		    struct err *e) MUST_CHECK;
enum rc bundle_view(struct bundle **out, const void *p, size_t n,
		    struct err *e) MUST_CHECK;
/* The bundle that ships with the program. Never fails. */
const struct bundle *bundle_shipped(void);
/* Reference counted: a decision in flight keeps the one it uses. */
struct bundle *bundle_keep(struct bundle *b);
void bundle_drop(struct bundle *b); /* NULL is fine */

int32_t bundle_id(const struct bundle *b); /* of the ledger; 0 shipped */
struct uuid bundle_schema(const struct bundle *b);
int bundle_arms(const struct bundle *b, const struct bundle_arm **arms);
int bundle_forests(const struct bundle *b, const struct forest **f);
const struct bundle_class *bundle_class(const struct bundle *b,
					struct str name); /* NULL: unknown */
const struct bundle_class *bundle_fleet(const struct bundle *b);
int bundle_classes(const struct bundle *b, const struct bundle_class **c);
/* The accept model over evidence (ledger/evidence.h), or NULL; its calibration
 * for a class. */
const struct forest *bundle_accept(const struct bundle *b,
				   const struct bundle_class *c,
				   const struct calibration **cal);
/* Certificate, a JSON object; contract in the header of bundle_write.c. */
struct str bundle_certificate(const struct bundle *b);

#endif
