/* Arrays of numbers as PostgreSQL sends and takes them in binary: dimensions,
 * a flag, the element's type, length and lower bound of the one dimension;
 * then each element with its own length. */
#include <math.h>
#include <string.h>

#include "ledger/db.h"

#define HEAD 20

static void head(struct buf *b, int n, uint32_t bytes, bool nulls,
		 enum db_oid element)
{
	buf_be32(b, HEAD + bytes);
	buf_be32(b, 1);
	buf_be32(b, nulls);
	buf_be32(b, (uint32_t)element);
	buf_be32(b, (uint32_t)n);
	buf_be32(b, 1);
}

void db_field_f32s(struct buf *b, const float *v, int n)
{
	if (n <= 0) {
		db_field_null(b);
		return;
	}
	head(b, n, 8 * (uint32_t)n, false, DB_FLOAT4);
	for (int i = 0; i < n; i++)
		db_field_f32(b, v[i]);
}

void db_field_i64s(struct buf *b, const int64_t *v, int n)
{
	int nulls = 0;

	if (n <= 0) {
		db_field_null(b);
		return;
	}
	for (int i = 0; i < n; i++)
		nulls += v[i] == INT64_MIN;
	head(b, n, 12 * (uint32_t)n - 8 * (uint32_t)nulls, nulls, DB_INT8);
	for (int i = 0; i < n; i++) {
		if (v[i] == INT64_MIN)
			db_field_null(b);
		else
			db_field_i64(b, v[i]);
	}
}

static uint32_t be32(struct str s, size_t at)
{
	uint32_t v = 0;

	for (size_t i = 0; i < 4; i++)
		v = v << 8 | (uint8_t)s.p[at + i];
	return v;
}

int db_f32s(const struct db_result *r, int row, int col, float *out, int max)
{
	struct str s = db_null(r, row, col) ? STR_NONE : db_text(r, row, col);
	size_t at = HEAD;
	int n = 0;

	if (s.len < HEAD || be32(s, 0) != 1 || be32(s, 8) != DB_FLOAT4)
		return 0;
	while (n < max && (uint32_t)n < be32(s, 12) && at + 4 <= s.len) {
		bool null = be32(s, at) == UINT32_MAX;
		uint32_t bits;

		at += 4;
		if (!null && at + 4 > s.len)
			break;
		bits = null ? 0 : be32(s, at);
		at += null ? 0 : 4;
		memcpy(&out[n], &bits, sizeof(bits));
		if (null)
			out[n] = NAN;
		n++;
	}
	return n;
}
