/* The bundle of one who knows nothing: five tiers, no models, the strongest
 * tier for everything, floors for regulated classes. */
#ifndef ACO_BUNDLE_PLAIN_H
#define ACO_BUNDLE_PLAIN_H

#include "ledger/base/buf.h"
#include "ledger/base/str.h"

/* Its bytes, appended to `out`, which has room for a megabyte. */
void bundle_plain(struct buf *out);

/* The least tier that the shipped rules give to a class: 4 where it or what it
 * is a part of is regulated (in any case of letters), else 1. */
int bundle_plain_floor(struct str class_name);

#endif
