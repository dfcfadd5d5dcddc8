/* Router versions in the ledger: their bytes, certificates and which of them
 * serves. At most one does; when none does, the one that ships with the
 * program serves. The last SHELF_KEEP stay. Opaque here: router/bundle.h knows
 * what the bytes mean. */
#ifndef ACO_SHELF_H
#define ACO_SHELF_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/base/buf.h"
#include "ledger/base/err.h"
#include "ledger/base/str.h"
#include "ledger/base/uuid.h"

#define SHELF_KEEP  10
#define SHELF_PARTS 160 /* bytes of a list of classes */

struct db;

struct shelf_row {
	int32_t id;
	int64_t created_us, bytes;
	struct str state; /* candidate, serving, retired, refused */
	struct uuid schema;
	struct str certificate; /* JSON object */
};
typedef void shelf_fn(void *arg, const struct shelf_row *r);

/* All versions, or (id not 0) one, the newest first; rows are borrowed. */
enum rc shelf_list(struct db *db, int32_t id, shelf_fn *fn, void *arg,
		   struct err *e) MUST_CHECK;
/* The one that serves; *id 0: none. */
enum rc shelf_serving(struct db *db, int32_t *id, struct err *e) MUST_CHECK;
/* The bytes of a version, appended to `out`. RC_BAD: there is none. */
enum rc shelf_body(struct db *db, int32_t id, struct buf *out,
		   struct err *e) MUST_CHECK;
/* Add one, `serve` it or keep it as refused, and forget the oldest. */
enum rc shelf_add(struct db *db, struct uuid schema, struct str certificate,
		  struct str body, bool serve, int32_t *id,
		  struct err *e) MUST_CHECK;
/* Let a version serve. RC_BAD: there is none. */
enum rc shelf_promote(struct db *db, int32_t id, struct err *e) MUST_CHECK;
/* Let the version serve that did before; *id 0: the shipped one. RC_BAD: none
 * of the ledger's serves. */
enum rc shelf_rollback(struct db *db, int32_t *id, struct err *e) MUST_CHECK;
/* What was said of a version's drift (certificate member "drift"). */
struct shelf_drift {
	/* The classes that static policies serve: "" none; "3.7.12", by their
	 * index in the version's bytes; "all". */
	char parts[SHELF_PARTS];
	bool ignored;   /* a person let it serve all the same */
	char by[16];    /* what told of it: "means", "features", "prices", "" */
	struct buf all; /* the member, a JSON object; empty: nobody has looked
			   yet */
};
/* *out is to be released, also after a failure; of a version that is not there
 * nothing is said. */
enum rc shelf_drift(struct db *db, int32_t id, struct shelf_drift *out,
		    struct err *e) MUST_CHECK;
void shelf_drift_release(struct shelf_drift *d);
/* Replace members of a version's certificate by those of a JSON object. */
enum rc shelf_note(struct db *db, int32_t id, struct str members,
		   struct err *e) MUST_CHECK;

#endif
