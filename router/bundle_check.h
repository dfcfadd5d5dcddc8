/* Whether what a bundle says makes sense: each function takes one part that is
 * within bounds already. RC_BAD says which part is wrong. */
#ifndef ACO_BUNDLE_CHECK_H
#define ACO_BUNDLE_CHECK_H

#include "router/bundle.h"

enum rc bundle_check_calibration(const struct calibration *c,
				 struct err *e) MUST_CHECK;
enum rc bundle_check_arm(const struct bundle_arm *a, int n_arms,
			 const struct forest *f, int n_forests,
			 struct err *e) MUST_CHECK;
enum rc bundle_check_class(const struct bundle_class *c, int index, int n_arms,
			   struct err *e) MUST_CHECK;
enum rc bundle_check_derive(const struct derive_tables *t,
			    struct err *e) MUST_CHECK;
enum rc bundle_check_spreads(const struct spread *s, int n,
			     struct err *e) MUST_CHECK;

#endif
