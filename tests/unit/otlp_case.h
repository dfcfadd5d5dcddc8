/* For the tests of the OTLP decoders: a body as text that can be compared, and
 * a JSON body written anew as protobuf. */
#ifndef ACO_TEST_OTLP_CASE_H
#define ACO_TEST_OTLP_CASE_H

#include "ingest/otlp.h"

/* The file, inflated if its name ends in ".gz"; the test fails without it.
 * Free with buf_release. */
void otlp_file(struct buf *out, const char *path);
/* The signal that the names of tests/data tell; the encoding by ".pb". */
enum otlp_signal otlp_file_signal(const char *path);
enum otlp_encoding otlp_file_encoding(const char *path);

/* Everything a visitor is shown, a line a fact. `key`: only attributes of that
 * name are wanted, NULL: all. */
enum rc otlp_dump(struct buf *out, enum otlp_signal signal,
		  enum otlp_encoding enc, struct str body, const char *key,
		  struct otlp_result *res, struct err *e);

/* A JSON body, as its sender would have written it in protobuf. */
void otlp_encode(struct buf *out, enum otlp_signal signal, struct str json);
/* What gzip makes of it. */
void otlp_gzip(struct buf *out, struct str body);
void otlp_gunzip(struct buf *out, struct str body);

#endif
