/* What was told to a client and is not in the ledger yet, so that nothing has
 * to wait for it: records in files that are mapped into memory. A record that
 * was put survives the end of the process in any manner at once, and that of
 * the machine 50 ms later: a thread of its own syncs. What a former process
 * left is told at the opening.
 *
 * Two files of fixed size take turns: records are appended to one until it is
 * full; then to the other, if all of its records are done. Otherwise there is
 * no room, and who would answer waits for the ledger instead.
 *
 *   DIR/PID-N.journal   head: magic, version, generation; then records
 *   record              length, CRC-32C (seeded by the generation), done,
 *                       of the first one how far all are done, then the
 *                       bytes; padded to 8
 *
 * Not every record that is done is marked: after a crash some are told again.
 */
#ifndef ACO_JOURNAL_H
#define ACO_JOURNAL_H

#include <stdint.h>

#include "ledger/base/err.h"
#include "ledger/base/str.h"

struct journal;

/* A record that a former process left and that is not known to be done: who
 * takes it must stand seeing it twice. RC_OK: it was
 * taken. Borrowed during the call. Absent, behind the last one of a file: what
 * was taken must be safe now. */
typedef enum rc journal_found_fn(void *arg, struct str record, struct err *e);

/* `bytes` is the size of each file. `found` is called for each record that was
 * left; a file whose records are all taken is removed, another one stays for
 * the next opening (that is logged). On a full disk it opens all the same (that
 * is logged, too), has no room, and looks every few seconds whether it can
 * have its files. RC_DOWN: the folder cannot be used. */
enum rc journal_open(struct journal **out, const char *dir, size_t bytes,
		     journal_found_fn *found, void *arg,
		     struct err *e) MUST_CHECK;
/* Files whose records are all done are removed. NULL is fine. */
void journal_close(struct journal *j);

/* Never blocks. The record's mark, or 0: there is no room. */
uint64_t journal_put(struct journal *j, struct str record);
/* It is safe elsewhere. */
void journal_done(struct journal *j, uint64_t mark);

#endif
