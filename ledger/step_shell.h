/* What a shell command line says about the kind of step. */
#ifndef ACO_STEP_SHELL_H
#define ACO_STEP_SHELL_H

#include "ledger/event.h"

/* Of several commands in a line the one that changes most decides: edit,
 * verify, execute, search, read, communicate. STEP_OTHER: nothing known, such
 * as an empty line or `cd` alone. Never fails, whatever the text. */
enum step_kind step_shell_kind(struct str command);

#endif
