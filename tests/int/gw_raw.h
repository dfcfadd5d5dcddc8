/* A provider whose answers are bytes, for tests of what no good one sends: a
 * thread that listens on loopback, one more for each connection. */
#ifndef ACO_GW_RAW_H
#define ACO_GW_RAW_H

#include <stdbool.h>
#include <stddef.h>

struct raw;
struct raw *raw_start(void);
void raw_stop(struct raw *r);
int raw_port(const struct raw *r);
/* The answer to the next request: n bytes, borrowed, then the end of the
 * connection if `close`. All others get a whole chat completion or message that
 * says "good". */
void raw_say(struct raw *r, const char *bytes, size_t n, bool close);
int raw_count(struct raw *r); /* requests so far */

#endif
