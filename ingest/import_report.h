/* The summary of an import, for a person or as JSON. */
#ifndef ACO_IMPORT_REPORT_H
#define ACO_IMPORT_REPORT_H

#include <stdio.h>

#include "ingest/import_run.h"
#include "ledger/ledger.h"

struct import_report {
	const char *kind;
	const struct import_totals *totals;
	struct ledger_counts counts; /* of all batches */
	int64_t files;               /* that were found */
	bool dry_run, interrupted;
};
/* Add the counts of one batch; sums stop at the largest number. */
void import_report_add(struct import_report *r, const struct ledger_counts *n);
void import_report_print(const struct import_report *r, bool json, FILE *out);

#endif
