/* Protobuf values of OTLP, for otlp_pb.c and what it is made of. */
#ifndef ACO_OTLP_PB_H
#define ACO_OTLP_PB_H

#include "ingest/otlp_inside.h"
#include "ingest/pb.h"

/* The text as it is if it is UTF-8 without NUL; else a copy in which each
 * byte that is not, and each NUL, is U+FFFD. */
struct str otlp_pb_text(struct str s, struct arena *a);
/* False: not n bytes, or zero. */
bool otlp_pb_id(struct str s, uint8_t *out, size_t n);
int otlp_pb_enum(const struct pb_field *f, int max); /* a varint, 0..max */
bool otlp_pb_nan(const struct pb_field *f);          /* a fixed64 */
/* Adds to what *v holds: the last kind of value wins. */
void otlp_pb_value(struct otlp_dec *d, struct str bytes, struct arena *a,
		   struct otlp_value *v, int depth);
/* One KeyValue, added to the list; `filter`: only if it is wanted. */
void otlp_pb_attr(struct otlp_dec *d, struct str bytes, struct arena *a,
		  bool filter, struct otlp_list *l);

#endif
