/* How a bundle lies in a file; for its reader, its writer and their tests.
 * Little endian; see bundle_build.h for the whole. */
#ifndef ACO_BUNDLE_INT_H
#define ACO_BUNDLE_INT_H

#include <stdint.h>

#include "ledger/base/uuid.h"
#include "router/calibrate.h"
#include "router/derive.h"
#include "router/policy.h"
#include "router/spread.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "bundles are little endian and read in place"
#endif

#define BUNDLE_MAGIC  "ACOBNDL1"
#define BUNDLE_FORMAT 5
#define BUNDLE_ALIGN  64

enum bundle_section {
	SECTION_META,
	SECTION_TEXT,
	SECTION_ARMS,
	SECTION_CLASSES,
	SECTION_CALIBRATIONS,
	SECTION_TABLES, /* rate, seen, cost: each [classes][arms] floats; bonus:
			   [classes][POLICY_RUNGS][arms]; and, where any is
			   known, together [classes][TIERS] */
	SECTION_FORESTS,
	SECTION_DERIVE,
	SECTION_SPREADS, /* a struct spread a stored feature, or nothing */
	SECTION_CERTIFICATE,
	SECTION_N
};

struct bundle_head {
	char magic[8];
	uint32_t format, sections;
	uint64_t bytes;
	struct uuid schema;
	uint32_t derive_version;
	uint32_t zero[2];
	uint32_t directory_crc;
	uint32_t zero2;
	uint32_t crc; /* of the bytes before */
};
_Static_assert(sizeof(struct bundle_head) == 64, "a bundle's head");

struct bundle_entry {
	uint32_t kind, crc;
	uint64_t at, bytes;
};

struct bundle_meta {
	uint32_t arms, classes, calibrations, forests;
	int32_t accept; /* a forest; -1 none */
	uint32_t columns;
};

struct file_text {
	uint32_t at, bytes; /* in the section of texts */
};

struct file_arm {
	struct file_text name;
	int32_t tier, own, lender, success, cost;
	uint32_t calibration;
	float spread, price_unit;
};

struct file_policy {
	int32_t kind, low, high, zero;
	float high_share, lambda, accept, false_accept, confidence, accept_rate,
		usd;
	uint8_t mode[POLICY_RUNGS];
};

struct file_class {
	struct file_text name;
	double tasks;
	int32_t parent, floor;
	uint32_t calibration;
	float tier_rate[TIERS];
	float common, apart;
	struct file_policy policy;
};

/* Then centre, map, point, rate, weight, cluster_mid, cluster_rate. */
struct file_derive {
	int32_t features, protos, clusters, zero[13];
};
_Static_assert(sizeof(struct file_derive) == 64, "a section's head");

_Static_assert(sizeof(struct spread) == 4 * (2 * SPREAD_BINS + 1),
	       "spreads are read in place");

/* Floats after the head. */
static inline uint64_t derive_floats(const struct file_derive *d)
{
	uint64_t f = (uint64_t)d->features, p = (uint64_t)d->protos,
		 c = (uint64_t)d->clusters;

	return f * (1 + DERIVE_DIMS) + p * (DERIVE_DIMS + TIERS + 1) +
	       c * (DERIVE_DIMS + TIERS);
}

#endif
