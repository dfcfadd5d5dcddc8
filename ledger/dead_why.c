/* Reasons, and what to do about them. */
#include <string.h>

#include "ledger/dead.h"

#define REPLAY "then run 'aco dead replay'"

static const struct {
	const char *words; /* in the reason */
	struct dead_why why;
} reasons[] = {
	{"is in the future",
	 {"The event is dated more than a day ahead of this machine: the "
	  "sender's clock is wrong, or its unit of time.",
	  "Mend the sender's clock. Replay takes it once that time has come; "
	  "drop it if the date is nonsense."}},
	{"is before 2010",
	 {"The event is dated before any model call was made: seconds were "
	  "sent as milliseconds, or a clock was not set.",
	  "Mend the sender and let it send again, then drop this."}},
	{"the end is before the start",
	 {"The call ends before it begins: two clocks, or two units of time.",
	  "Mend the sender and let it send again, then drop this."}},
	{"older than retention",
	 {"The event is older than what is kept (retention_days).",
	  "Raise retention_days, " REPLAY "; or drop it."}},
	{"beyond belief",
	 {"A count is larger than any model call can have.",
	  "Look at what the sender counts; drop this."}},
	{"is negative",
	 {"A count or an amount is below zero, often the difference of two "
	  "totals that were reset.",
	  "Look at what the sender counts; drop this."}},
	{"is more than output",
	 {"Reasoning tokens are a part of the output, and the part is larger "
	  "than the whole: the sender does not count them as output.",
	  "Look at the sender's profile of usage; drop this once it is sent "
	  "right."}},
	{"is not UTF-8",
	 {"A name holds bytes that are no text.",
	  "Mend the sender; drop this."}},
	{"bytes long, at most",
	 {"A name is longer than names may be: free text where a name belongs.",
	  "Mend the sender; drop this."}},
	{"without an identifier",
	 {"Nothing names the call, so that a retry would count twice.",
	  "Let the sender give an id, such as the response's; drop this."}},
	{"without a model",
	 {"The call names no model.", "Mend the sender; drop this."}},
	{"no such field",
	 {"The event was written by another version of aco, or by hand.",
	  "Replay it with the version that wrote it."}},
	{": must be",
	 {"The event was written by another version of aco, or by hand.",
	  "Replay it with the version that wrote it."}},
};

struct dead_why dead_explain(struct str reason, struct str sqlstate, bool event)
{
	struct dead_why why = {"The event could not be taken.",
			       "Mend what the reason names, " REPLAY "."};
	bool found = false;

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		if (str_contains(reason, reasons[i].words)) {
			why = reasons[i].why;
			found = true;
			break;
		}
	}
	if (!found && sqlstate.len)
		why = (struct dead_why){
			"The database refuses a value of this row; the rows "
			"around it are in the ledger.",
			"Run 'aco doctor', mend what the reason names, " REPLAY
			"."};
	if (!event)
		why.todo = "Only a note is kept, which cannot be replayed: "
			   "mend the cause, let it be sent or imported again, "
			   "and drop this.";
	return why;
}
