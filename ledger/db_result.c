/* Values that came from PostgreSQL, out of its binary formats. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/db_int.h"

#define EPOCH_DAYS INT32_C(10957)
#define EPOCH_US   ((int64_t)EPOCH_DAYS * US_PER_DAY)

/* Big-endian, two's complement, 1 to 8 bytes. */
static int64_t get_int(const char *p, int len)
{
	uint64_t v = len && p[0] & 0x80 ? UINT64_MAX : 0;

	for (int i = 0; i < len; i++)
		v = v << 8 | (uint8_t)p[i];
	return (int64_t)v;
}

/* The value when it has the type and length that the caller expects; the
 * wrong accessor for a column is a mistake of ours. */
static const char *fixed(const struct db_result *r, int row, int col,
			 enum db_oid type, int len)
{
	int n = 0;
	const char *p = db_result_value(r, row, col, &n);

	if (db_col_type(r, col) != (uint32_t)type || (p && n != len))
		BUG("a column read as a type that it has not");
	return p;
}

bool db_null(const struct db_result *r, int row, int col)
{
	int n;

	return !db_result_value(r, row, col, &n);
}

bool db_bool(const struct db_result *r, int row, int col)
{
	const char *p = fixed(r, row, col, DB_BOOL, 1);

	return p && *p;
}

static bool is_int(uint32_t type)
{
	return type == DB_INT2 || type == DB_INT4 || type == DB_INT8;
}

int64_t db_i64(const struct db_result *r, int row, int col)
{
	int n = 0;
	const char *p = db_result_value(r, row, col, &n);

	if (!is_int(db_col_type(r, col)))
		BUG("a column read as integer that is none");
	return p ? get_int(p, n) : 0;
}

double db_f64(const struct db_result *r, int row, int col)
{
	uint32_t type = db_col_type(r, col);
	int n = 0;
	const char *p = db_result_value(r, row, col, &n);
	char text[512];

	if (!p)
		return NAN;
	if (is_int(type))
		return (double)get_int(p, n);
	if (type == DB_FLOAT8) {
		uint64_t u = (uint64_t)get_int(p, n);
		double v;

		memcpy(&v, &u, sizeof(v));
		return v;
	}
	if (type == DB_FLOAT4) {
		uint32_t u = (uint32_t)get_int(p, n);
		float v;

		memcpy(&v, &u, sizeof(v));
		return (double)v;
	}
	return strtod(db_numeric(r, row, col, text, sizeof(text)), NULL);
}

struct str db_text(const struct db_result *r, int row, int col)
{
	int n = 0;
	const char *p = db_result_value(r, row, col, &n);

	if (!p)
		return STR_NONE;
	if (db_col_type(r, col) == DB_JSONB && n > 0)
		return (struct str){p + 1, (size_t)n - 1};
	return (struct str){p, (size_t)n};
}

struct uuid db_uuid(const struct db_result *r, int row, int col)
{
	const char *p = fixed(r, row, col, DB_UUID, 16);
	struct uuid u = {{0}};

	if (p)
		memcpy(u.b, p, sizeof(u.b));
	return u;
}

int64_t db_time(const struct db_result *r, int row, int col)
{
	const char *p = fixed(r, row, col, DB_TIMESTAMPTZ, 8);
	int64_t v;

	if (!p || __builtin_add_overflow(get_int(p, 8), EPOCH_US, &v))
		return TIME_NONE; /* infinity has no time either */
	return v;
}

int32_t db_day(const struct db_result *r, int row, int col)
{
	const char *p = fixed(r, row, col, DB_DATE, 4);
	int32_t v;

	if (!p ||
	    __builtin_add_overflow((int32_t)get_int(p, 4), EPOCH_DAYS, &v))
		return DAY_UNDATED;
	return v;
}

/* ---- numeric: groups of four decimal digits, the first one worth
 * 10000^weight; `scale` digits stand after the point ---- */

struct numeric {
	const char *digits; /* 2 bytes each */
	int n, weight, scale;
	int sign;
};

enum {
	SIGN_PLUS = 0,
	SIGN_MINUS = 0x4000,
	SIGN_NAN = 0xc000,
	SIGN_PINF = 0xd000,
	SIGN_NINF = 0xf000
};

/* False when NULL. */
static bool numeric_get(const struct db_result *r, int row, int col,
			struct numeric *v)
{
	int n = 0;
	const char *p = db_result_value(r, row, col, &n);

	if (db_col_type(r, col) != DB_NUMERIC)
		BUG("a column read as numeric that is none");
	if (!p)
		return false;
	v->n = n < 8 ? -1 : (int)get_int(p, 2);
	if (v->n < 0 || n != 8 + 2 * v->n)
		BUG("a numeric that PostgreSQL does not send");
	v->weight = (int)get_int(p + 2, 2);
	v->sign = (int)(get_int(p + 4, 2) & 0xffff);
	v->scale = (int)(get_int(p + 6, 2) & 0xffff);
	v->digits = p + 8;
	return true;
}

/* The group worth 10000^w. */
static unsigned group(const struct numeric *v, int w)
{
	int i = v->weight - w;

	return i < 0 || i >= v->n ? 0 : (unsigned)get_int(v->digits + 2 * i, 2);
}

static void numeric_digits(const struct numeric *v, struct buf *b)
{
	int left = v->scale;

	if (v->sign == SIGN_MINUS)
		buf_addc(b, '-');
	if (v->weight < 0 || !v->n)
		buf_addc(b, '0');
	for (int w = v->n ? v->weight : -1; w >= 0; w--)
		buf_addf(b, w == v->weight ? "%u" : "%04u", group(v, w));
	if (left)
		buf_addc(b, '.');
	for (int w = -1; left > 0; w--, left -= 4) {
		char four[16];

		snprintf(four, sizeof(four), "%04u", group(v, w));
		buf_add(b, four, left < 4 ? (size_t)left : 4);
	}
}

static const char *int_text(const struct db_result *r, int row, int col,
			    char *buf, size_t size)
{
	if (db_null(r, row, col))
		return "";
	snprintf(buf, size, "%lld", (long long)db_i64(r, row, col));
	return buf;
}

char *db_numeric(const struct db_result *r, int row, int col, char *buf,
		 size_t size)
{
	struct numeric v;
	struct buf text;

	buf[0] = 0;
	if (is_int(db_col_type(r, col))) {
		int_text(r, row, col, buf, size);
		return buf;
	}
	if (!numeric_get(r, row, col, &v))
		return buf;
	if (v.sign != SIGN_PLUS && v.sign != SIGN_MINUS) {
		snprintf(buf, size, "%s",
			 v.sign == SIGN_PINF   ? "Infinity"
			 : v.sign == SIGN_NINF ? "-Infinity"
					       : "NaN");
		return buf;
	}
	buf_init(&text, size - 1);
	numeric_digits(&v, &text);
	if (buf_ok(&text))
		snprintf(buf, size, "%s", buf_str(&text));
	else
		snprintf(buf, size, "NaN"); /* never a part of a number */
	buf_release(&text);
	return buf;
}

bool db_numeric_i128(const struct db_result *r, int row, int col, __int128 *out)
{
	struct numeric v;
	__int128 sum = 0;

	if (is_int(db_col_type(r, col))) {
		*out = db_i64(r, row, col);
		return !db_null(r, row, col);
	}
	if (!numeric_get(r, row, col, &v) ||
	    (v.sign != SIGN_PLUS && v.sign != SIGN_MINUS))
		return false;
	for (int i = 0; i < v.n; i++) {
		int g = (int)get_int(v.digits + 2 * i, 2);

		if (v.weight - i < 0) {
			if (g)
				return false;
			continue;
		}
		if (v.sign == SIGN_MINUS)
			g = -g;
		if (__builtin_mul_overflow(sum, 10000, &sum) ||
		    __builtin_add_overflow(sum, g, &sum))
			return false;
	}
	/* Groups that are not sent are zeros. */
	for (int w = v.weight - v.n; sum && w >= 0; w--) {
		if (__builtin_mul_overflow(sum, 10000, &sum))
			return false;
	}
	*out = sum;
	return true;
}
