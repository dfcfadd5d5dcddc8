/* Slots of the rollups: each writer adds to rows of its own, so that hot rows
 * never make writers wait for each other. A slot is held by a session-level
 * advisory lock and free again when the connection ends. */
#ifndef ACO_SLOT_H
#define ACO_SLOT_H

#include <stdint.h>

#include "ledger/base/err.h"

struct db;

/* Take the first free slot of 0..32767 for this connection. */
enum rc slot_take(struct db *db, int16_t *slot, struct err *e) MUST_CHECK;

#endif
