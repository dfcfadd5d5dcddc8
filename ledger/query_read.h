/* Reads one row of an answer from left to right, for query*.c. */
#ifndef ACO_QUERY_READ_H
#define ACO_QUERY_READ_H

#include "ledger/query.h"

struct reader {
	const struct db_result *r;
	int row, col;
};

static inline int64_t i64(struct reader *x)
{
	return db_i64(x->r, x->row, x->col++);
}

static inline int32_t i32(struct reader *x)
{
	return (int32_t)i64(x);
}

static inline bool flag(struct reader *x)
{
	return db_bool(x->r, x->row, x->col++);
}

static inline int64_t i64_or(struct reader *x, int64_t absent)
{
	if (db_null(x->r, x->row, x->col)) {
		x->col++;
		return absent;
	}
	return i64(x);
}

static inline struct str text(struct reader *x)
{
	if (db_null(x->r, x->row, x->col)) {
		x->col++;
		return STR_NONE;
	}
	return db_text(x->r, x->row, x->col++);
}

static inline struct uuid uuid(struct reader *x)
{
	if (db_null(x->r, x->row, x->col)) {
		x->col++;
		return (struct uuid){{0}};
	}
	return db_uuid(x->r, x->row, x->col++);
}

static inline int64_t when(struct reader *x)
{
	return db_time(x->r, x->row, x->col++);
}

static inline int32_t day(struct reader *x)
{
	if (db_null(x->r, x->row, x->col)) {
		x->col++;
		return QUERY_DAY_NONE;
	}
	return db_day(x->r, x->row, x->col++);
}

static inline __int128 sum(struct reader *x)
{
	__int128 v = 0;

	if (!db_numeric_i128(x->r, x->row, x->col++, &v))
		return 0;
	return v;
}

static inline int tristate(struct reader *x)
{
	if (db_null(x->r, x->row, x->col)) {
		x->col++;
		return -1;
	}
	return flag(x);
}

#endif
