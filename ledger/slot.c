#include "ledger/slot.h"

#include "gen/sql.h"
#include "ledger/db.h"

enum rc slot_take(struct db *db, int16_t *slot, struct err *e)
{
	struct db_result *r = NULL;
	enum rc rc = db_run(db, &sql_slot_take, NULL, &r, NULL, e);

	if (rc)
		return rc;
	if (db_rows(r) == 1)
		*slot = (int16_t)db_i64(r, 0, 0);
	else
		rc = err_set(
			e, RC_BUSY,
			"32768 writers are connected to this ledger already");
	db_result_free(r);
	return rc;
}
