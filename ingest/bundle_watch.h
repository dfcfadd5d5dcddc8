/* How a router version gets from the ledger to the workers of a machine: the
 * janitor writes it to a file, the workers look once a second whether another
 * is there.
 *
 *   HOME/bundle/17.aco         the bytes of version 17
 *   HOME/bundle/17-static.aco  the same, to serve without what it learned
 *                              (see drift in night.h)
 *   HOME/bundle/17-static-3.7.aco  ... in its classes 3 and 7
 *   HOME/bundle/serving        a link to the one that serves, replaced in one
 *                              step; none: the version that ships serves */
#ifndef ACO_BUNDLE_WATCH_H
#define ACO_BUNDLE_WATCH_H

#include <stdbool.h>

#include "ledger/base/conf.h"
#include "ledger/base/err.h"
#include "ledger/shelf.h"
#include "router/bundle.h"

/* ---- for workers: one a thread ---- */
struct bundle_watch;
struct bundle_watch *bundle_watch_new(const struct conf *conf);
void bundle_watch_free(struct bundle_watch *w); /* NULL is fine */
/* What serves, never NULL; until the next look. */
const struct bundle *bundle_watch_now(const struct bundle_watch *w);
/* Look whether another serves now; true: it was taken. One that is damaged or
 * foreign is refused, said so in the log once, and the one before stays. Cheap
 * when nothing has changed: one readlink. */
bool bundle_watch_look(struct bundle_watch *w);

/* ---- for the janitor ---- */
/* The version that the files say serves; 0: the shipped one. `parts`: in which
 * classes without what it learned, as bundle_demote() has it. */
int32_t bundle_files_serving(const struct conf *conf, char parts[SHELF_PARTS]);
/* Let these bytes serve on this machine, safely on disk, and remove files of
 * other versions; n == 0: the shipped one. */
enum rc bundle_files_serve(const struct conf *conf, int32_t id,
			   const char *parts, const void *p, size_t n,
			   struct err *e) MUST_CHECK;

#endif
