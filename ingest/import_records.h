/* Exports of logs come as a JSON array, as a page of an interface ({"data":
 * [...]}), as one record, or as JSON lines of any of these. One reader for all
 * shapes. */
#ifndef ACO_IMPORT_RECORDS_H
#define ACO_IMPORT_RECORDS_H

#include "ingest/import.h"

/* One record, an object; good until the function returns. */
typedef void import_record_fn(void *arg, const struct json *record,
			      struct import_at at);

/* Hand every record of the run's file to `fn`. A file whose name ends in
 * .jsonl or .ndjson is read by lines in bounded memory; any other as one
 * document, or, when it is none, by lines. Elements that are not objects are
 * counted as bad "records". RC_BAD: neither JSON nor JSON lines. */
enum rc import_records(struct import_run *r, import_record_fn *fn, void *arg,
		       struct err *e) MUST_CHECK;

#endif
