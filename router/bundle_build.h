/* Makes the bytes of a bundle (bundle.h). Everything added is copied. Order:
 * forests, then arms, then classes (the first is the fleet), then the rest;
 * indexes are those that the adding functions return. Sizes beyond the limits
 * of bundle.h, and indexes that are not there, are found by
 * bundle_build_write().
 *
 * Layout, little endian, offsets from the start, sections aligned to 64:
 *   header      "ACOBNDL1", u32 format, u32 sections, u64 bytes in all,
 *               uuid schema, u32 derive version, 8 zeros, u32 CRC of the
 *               directory, u32 0, u32 CRC of the header up to here
 *   directory   a section: u32 kind, u32 CRC, u64 offset, u64 bytes
 *   sections    meta, text (all strings), arms, classes, calibrations, tables
 *               (floats), forests (each as forest_pack() made it), prototypes,
 *               spreads (spread.h, as they are in memory), certificate
 *
 * Certificate, a JSON object; train_cert.c writes it and says what is in it. */
#ifndef ACO_BUNDLE_BUILD_H
#define ACO_BUNDLE_BUILD_H

#include "ledger/base/buf.h"
#include "router/bundle.h"

#define BUNDLE_BYTES_MAX ((size_t)256 << 20)

struct bundle_build;
struct bundle_build *bundle_build_new(void);
void bundle_build_free(struct bundle_build *b); /* NULL is fine */

/* Bytes from forest_pack(). */
int bundle_build_forest(struct bundle_build *b, struct str packed);
int bundle_build_arm(struct bundle_build *b, const struct bundle_arm *a);
/* rate, seen and cost have a value for each arm. */
int bundle_build_class(struct bundle_build *b, const struct bundle_class *c);
/* The forest that is the accept model. */
void bundle_build_accept(struct bundle_build *b, int forest);
/* Of the classes that are added from here on. Without it the models' word
 * counts in full. */
void bundle_build_focus(struct bundle_build *b, struct bundle_focus f);
void bundle_build_derive(struct bundle_build *b, const struct derive_tables *t);
/* feature_count() of them. */
void bundle_build_spreads(struct bundle_build *b, const struct spread *s);
void bundle_build_certificate(struct bundle_build *b, struct str json);

/* Everything that is in a bundle's bytes, to be changed by what follows and
 * written again. RC_BAD: what bundle_view() refuses. */
enum rc bundle_build_from(struct bundle_build **out, struct str bytes,
			  struct err *e) MUST_CHECK;
/* Another calibration of an arm that is there. */
void bundle_build_recalibrate(struct bundle_build *b, int arm,
			      const struct calibration *c, float spread);

/* The bytes, appended to `out` (empty before; its maximum at least
 * BUNDLE_BYTES_MAX for anything large), for the features of this program. They
 * are read back: what bundle_view() would refuse is RC_BAD. */
enum rc bundle_build_write(struct bundle_build *b, struct buf *out,
			   struct err *e) MUST_CHECK;

#endif
