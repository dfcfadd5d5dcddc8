/* SHA-256 of a stream of bytes, with its value asked for at any point: how a
 * file's beginning is recognised when the file has grown. */
#ifndef ACO_HASH_STREAM_H
#define ACO_HASH_STREAM_H

#include <stddef.h>

#include "ledger/base/uuid.h"

struct hash_stream;
struct hash_stream *hash_stream_new(void);
void hash_stream_free(struct hash_stream *h); /* NULL is fine */
void hash_stream_add(struct hash_stream *h, const void *p, size_t n);
/* The first 128 bits of the hash of all bytes added so far; adding may go
 * on. */
struct uuid hash_stream_value(const struct hash_stream *h);

#endif
