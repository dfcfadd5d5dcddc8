/* CSV as RFC 4180 has it. Nothing is escaped for spreadsheets: a text that
 * starts with '=' stays as it is. */
#ifndef ACO_CSV_H
#define ACO_CSV_H

#include "ledger/base/buf.h"
#include "ledger/base/str.h"

#define CSV_EOL "\r\n"

/* Append one field. Absent is empty; text is quoted where its characters ask
 * for it, where it begins or ends with a blank, and where it is empty, so that
 * no value and no characters differ. */
void csv_field(struct buf *out, struct str s);

#endif
