/* What a router version's certificate says, taken apart into notes, pictures
 * and the rows of its classes. Whatever it does not say is not known. */
#ifndef ACO_TUI_CERTIFICATE_H
#define ACO_TUI_CERTIFICATE_H

#include "ledger/base/json.h"
#include "tui/table.h"

/* Notes: gate, window, calibration, drift, preview. */
void certificate_notes(struct table *t, const struct json *cert);
/* Pictures: reliability, and the plane of cost and success. */
void certificate_pictures(struct table *t, const struct json *cert);

/* Helpers for figures of JSON: a fraction as millionths, an amount of dollars
 * (a number or a string of digits) as pico-dollars, exactly. */
bool json_micro(const struct json *v, int64_t *micro);
bool json_pusd(const struct json *v, __int128 *pusd);

#endif
