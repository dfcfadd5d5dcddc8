/* A version of the router in one file: feature schema, arms, class table,
 * forests, calibrations, prototypes, policies, certificate. Versioned,
 * checksummed (CRC32C over every section and over the directory), little
 * endian, mapped read-only; forests, prototypes and tables are not copied out
 * of it. A damaged or foreign file, or one for another feature schema, is
 * refused by bundle_open(). bundle_build.h makes one. */
#ifndef ACO_BUNDLE_H
#define ACO_BUNDLE_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/base/err.h"
#include "ledger/base/str.h"
#include "ledger/base/uuid.h"
#include "router/calibrate.h"
#include "router/derive.h"
#include "router/forest.h"
#include "router/policy.h"
#include "router/spread.h"

#define BUNDLE_ARMS_MAX    96
#define BUNDLE_CLASSES_MAX 256
/* What a class's tasks without a text are called, after its name. */
#define BUNDLE_BLIND       "/no-text"
#define BUNDLE_BLIND_MAX   256 /* bytes of both; longer names have none */
#define BUNDLE_PROTOS_MAX  2000
#define BUNDLE_FORESTS_MAX 256

struct bundle_arm {
	struct str name; /* "tier:3" for what stands for a whole tier */
	int tier;
	bool own;   /* has forests of its own; else it borrows `lender`'s */
	int lender; /* index of an arm; itself when own */
	int success,
		cost; /* index of its forests, -1: none (class rates only) */
	struct calibration cal; /* of success */
	float spread;     /* root mean square error of the calibrated success
			     against block means, on rows not used to fit */
	float price_unit; /* femto-dollars a token that its costs are relative
			     to, see route_price_unit() in router.h; 0: its
			     costs are in pico-dollars and follow no price */
	/* Its cost forest predicts log(cost / price_unit), cost in
	 * femto-dollars (price_unit 0: log of pico-dollars). */
};

/* How much of what the models say of a request counts against the class's
 * table: of what they say of all arms alike, and of what they say of one arm
 * apart from the others; 0..1, on the scale of log odds. */
struct bundle_focus {
	float common, apart;
};

struct bundle_class {
	struct str name;
	int parent;   /* index of a class before it; -1: the fleet */
	double tasks; /* that it learnt from */
	int floor;    /* lowest tier, 1..5 */
	/* By arm: smoothed success (NaN unknown), its weight in tasks, mean
	 * cost in the arm's units (NaN unknown). */
	const float *rate, *seen, *cost;
	/* [POLICY_RUNGS][arms]: success that serving an arm first is worth
	 * beyond its own, since its reply tells when to go on to another;
	 * >= 0. To build: NULL is all zero. */
	const float *bonus;
	float tier_rate[TIERS];    /* smoothed success by tier, NaN unknown: the
				      class's share of the derived block */
	float together[TIERS];     /* correlation of success between two replies
				      of a tier to one request (repeat.h), 0:
				      not known */
	struct bundle_focus focus; /* to build: bundle_build_focus() */
	struct policy policy;      /* what serves; arms are the bundle's */
	struct calibration accept; /* of the accept model, for this class */
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
/* The bytes that are embedded (router/data/shipped.aco); for tests. */
struct str bundle_shipped_bytes(void);
/* Reference counted: a decision in flight keeps the one it uses. */
struct bundle *bundle_keep(struct bundle *b);
void bundle_drop(struct bundle *b); /* NULL is fine */

/* Its number in the ledger; 0: shipped, or a file's own. */
int32_t bundle_id(const struct bundle *b);
void bundle_set_id(struct bundle *b, int32_t id); /* once, before it serves */
/* Before it serves: what was learned gives way to the static policies, in the
 * classes whose indexes `parts` lists ("3.7.12"), or in "all"; "": in none. In
 * all, too, where the list is none: false. */
bool bundle_demote(struct bundle *b, const char *parts);
/* SHA-256 of its bytes, cut to 128 bits. */
struct uuid bundle_hash(const struct bundle *b);
struct uuid bundle_schema(const struct bundle *b);
int bundle_arms(const struct bundle *b, const struct bundle_arm **arms);
int bundle_forests(const struct bundle *b, const struct forest **f);
const struct bundle_class *bundle_class(const struct bundle *b,
					struct str name); /* NULL: unknown */
/* The class itself, else the nearest that it is a part of by its name
 * ("coding" of "coding/python"), else the fleet. */
const struct bundle_class *bundle_class_nearest(const struct bundle *b,
						struct str name);
/* The same for a request: one without a text (`blind`) is of the part of its
 * class that holds such, BUNDLE_BLIND, where the class has one. */
const struct bundle_class *bundle_class_asked(const struct bundle *b,
					      struct str name, bool blind);
/* "a/b" of "a/b.c", parts being told by '/', '.' or ':'; absent: none. */
struct str bundle_class_above(struct str name);
/* The class that stands for all: always the first. */
const struct bundle_class *bundle_fleet(const struct bundle *b);
int bundle_classes(const struct bundle *b, const struct bundle_class **c);
/* The accept model over evidence (ledger/evidence.h), or NULL. A class holds
 * its calibration. */
const struct forest *bundle_accept(const struct bundle *b);
/* Success of n arms as the models say it, p, moved towards what the class's
 * table says, rate. Where either is NaN, p stays. */
void bundle_focus_on(struct bundle_focus f, double *p, const double *rate,
		     int n);
/* Neighbours and clusters. */
const struct derive_tables *bundle_derive(const struct bundle *b);
/* How the stored features lay over the tasks of the classes that a learned
 * policy serves: feature_count() of them, or 0 where that is not known. */
int bundle_spreads(const struct bundle *b, const struct spread **s);
/* Certificate, a JSON object; contract in bundle_build.h. */
struct str bundle_certificate(const struct bundle *b);

#endif
