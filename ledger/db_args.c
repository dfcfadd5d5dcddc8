/* Values on their way to PostgreSQL, in its binary formats. */
#include "ledger/db_int.h"

#include <string.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"

/* PostgreSQL counts from 2000-01-01. */
#define EPOCH_DAYS INT32_C(10957)
#define EPOCH_US   ((int64_t)EPOCH_DAYS * US_PER_DAY)

/* ---- raw values ---- */

static void put_f32(struct buf *b, float v)
{
	uint32_t u;

	memcpy(&u, &v, sizeof(u));
	buf_be32(b, u);
}

static void put_f64(struct buf *b, double v)
{
	uint64_t u;

	memcpy(&u, &v, sizeof(u));
	buf_be64(b, u);
}

static void put_time(struct buf *b, int64_t us)
{
	int64_t v;

	/* INT64_MIN would be -infinity; its neighbour is out of range, and
	 * the server says so. */
	if (__builtin_sub_overflow(us, EPOCH_US, &v) || v == INT64_MIN)
		v = INT64_MIN + 1;
	buf_be64(b, (uint64_t)v);
}

static void put_day(struct buf *b, int32_t day)
{
	int32_t v;

	if (__builtin_sub_overflow(day, EPOCH_DAYS, &v) || v == INT32_MIN)
		v = INT32_MIN + 1;
	buf_be32(b, (uint32_t)v);
}

/* Base 10000 digits, most significant first, without trailing zeros. */
static void put_numeric(struct buf *b, __int128 v)
{
	unsigned __int128 rest =
		v < 0 ? -(unsigned __int128)v : (unsigned __int128)v;
	uint16_t digits[10];
	int n = 0, lowest = 0;

	while (rest) {
		digits[n++] = (uint16_t)(rest % 10000);
		rest /= 10000;
	}
	while (lowest < n && !digits[lowest])
		lowest++;
	buf_be16(b, (uint16_t)(n - lowest));
	buf_be16(b, (uint16_t)(n ? n - 1 : 0)); /* weight of the first */
	buf_be16(b, v < 0 ? 0x4000 : 0);
	buf_be16(b, 0); /* digits after the point */
	for (int i = n - 1; i >= lowest; i--)
		buf_be16(b, digits[i]);
}

/* ---- parameters ---- */

void db_args_init(struct db_args *a, size_t max_bytes)
{
	buf_init(&a->data, max_bytes);
	a->n = 0;
}

void db_args_release(struct db_args *a)
{
	buf_release(&a->data);
	a->n = 0;
}

void db_args_clear(struct db_args *a)
{
	buf_clear(&a->data);
	a->n = 0;
}

void db_args_copy(struct db_args *to, const struct db_args *from)
{
	to->data.max = from ? from->data.len : 0;
	db_args_clear(to);
	if (!from)
		return;
	buf_add(&to->data, from->data.p ? from->data.p : "", from->data.len);
	if (!buf_ok(&to->data))
		BUG("out of memory");
	to->n = from->n;
	memcpy(to->v, from->v, sizeof(to->v[0]) * (size_t)from->n);
}

static struct buf *begin(struct db_args *a)
{
	if (a->n >= DB_ARGS_MAX)
		BUG("too many parameters");
	a->v[a->n].off = a->data.len;
	return &a->data;
}

static void end(struct db_args *a)
{
	size_t n = a->data.len - a->v[a->n].off;

	if (!buf_ok(&a->data))
		n = 0; /* db_start refuses them all */
	if (n > INT32_MAX)
		BUG("a parameter beyond 2 GiB");
	a->v[a->n++].len = (int32_t)n;
}

void db_arg_null(struct db_args *a)
{
	begin(a);
	a->v[a->n++].len = -1;
}

void db_arg_bool(struct db_args *a, bool v)
{
	buf_addc(begin(a), v ? 1 : 0);
	end(a);
}

void db_arg_i16(struct db_args *a, int16_t v)
{
	buf_be16(begin(a), (uint16_t)v);
	end(a);
}

void db_arg_i32(struct db_args *a, int32_t v)
{
	buf_be32(begin(a), (uint32_t)v);
	end(a);
}

void db_arg_i64(struct db_args *a, int64_t v)
{
	buf_be64(begin(a), (uint64_t)v);
	end(a);
}

void db_arg_f64(struct db_args *a, double v)
{
	put_f64(begin(a), v);
	end(a);
}

void db_arg_text(struct db_args *a, struct str s)
{
	db_arg_bytea(a, s.p, s.len);
}

void db_arg_bytea(struct db_args *a, const void *p, size_t n)
{
	if (!p) {
		db_arg_null(a);
		return;
	}
	buf_add(begin(a), p, n);
	end(a);
}

void db_arg_uuid(struct db_args *a, struct uuid u)
{
	buf_add(begin(a), u.b, sizeof(u.b));
	end(a);
}

void db_arg_time(struct db_args *a, int64_t us)
{
	if (us == TIME_NONE) {
		db_arg_null(a);
		return;
	}
	put_time(begin(a), us);
	end(a);
}

void db_arg_day(struct db_args *a, int32_t day)
{
	put_day(begin(a), day);
	end(a);
}

void db_arg_numeric(struct db_args *a, __int128 v)
{
	put_numeric(begin(a), v);
	end(a);
}

/* ---- arrays: dimensions, a flag, the element's type, then length and lower
 * bound of the one dimension. The length stands 12 bytes in. ---- */

void db_arr_begin(struct db_args *a, enum db_oid element)
{
	struct buf *b = begin(a);

	buf_be32(b, 1);
	buf_be32(b, 0); /* the server looks for NULLs itself */
	buf_be32(b, (uint32_t)element);
	buf_be32(b, 0);
	buf_be32(b, 1);
}

void db_arr_count(struct db_args *a)
{
	uint32_t n = 0;
	char *p;

	if (!buf_ok(&a->data))
		return;
	p = a->data.p + a->v[a->n].off + 12;
	for (int i = 0; i < 4; i++)
		n = n << 8 | (uint8_t)p[i];
	n++;
	for (int i = 0; i < 4; i++)
		p[i] = (char)(n >> (24 - 8 * i) & 0xff);
}

void db_arr_end(struct db_args *a)
{
	end(a);
}

/* ---- fields: a length, then the value ---- */

void db_field_null(struct buf *b)
{
	buf_be32(b, UINT32_MAX);
}

void db_field_bool(struct buf *b, bool v)
{
	buf_be32(b, 1);
	buf_addc(b, v ? 1 : 0);
}

void db_field_i16(struct buf *b, int16_t v)
{
	buf_be32(b, 2);
	buf_be16(b, (uint16_t)v);
}

void db_field_i32(struct buf *b, int32_t v)
{
	buf_be32(b, 4);
	buf_be32(b, (uint32_t)v);
}

void db_field_i64(struct buf *b, int64_t v)
{
	buf_be32(b, 8);
	buf_be64(b, (uint64_t)v);
}

void db_field_f32(struct buf *b, float v)
{
	buf_be32(b, 4);
	put_f32(b, v);
}

void db_field_f64(struct buf *b, double v)
{
	buf_be32(b, 8);
	put_f64(b, v);
}

void db_field_text(struct buf *b, struct str s)
{
	db_field_bytea(b, s.p, s.len);
}

void db_field_bytea(struct buf *b, const void *p, size_t n)
{
	if (!p) {
		db_field_null(b);
		return;
	}
	if (n > INT32_MAX)
		BUG("a field beyond 2 GiB");
	buf_be32(b, (uint32_t)n);
	buf_add(b, p, n);
}

void db_field_uuid(struct buf *b, struct uuid u)
{
	db_field_bytea(b, u.b, sizeof(u.b));
}

void db_field_time(struct buf *b, int64_t us)
{
	if (us == TIME_NONE) {
		db_field_null(b);
		return;
	}
	buf_be32(b, 8);
	put_time(b, us);
}

void db_field_day(struct buf *b, int32_t day)
{
	buf_be32(b, 4);
	put_day(b, day);
}

void db_field_numeric(struct buf *b, __int128 v)
{
	size_t at = b->len, n;

	buf_be32(b, 0);
	put_numeric(b, v);
	if (!buf_ok(b))
		return;
	n = b->len - at - 4; /* 8 bytes and at most 10 digits of 2 */
	b->p[at + 3] = (char)n;
}

void db_field_jsonb(struct buf *b, struct str json)
{
	if (!json.p) {
		db_field_null(b);
		return;
	}
	if (json.len >= INT32_MAX)
		BUG("a field beyond 2 GiB");
	buf_be32(b, (uint32_t)json.len + 1);
	buf_addc(b, 1); /* version of the format */
	buf_add(b, json.p, json.len);
}

/* ---- COPY BINARY ---- */

void db_copy_header(struct buf *b)
{
	buf_add(b, "PGCOPY\n\377\r\n\0", 11);
	buf_be32(b, 0); /* flags */
	buf_be32(b, 0); /* header extension */
}

void db_copy_row(struct buf *b, int16_t fields)
{
	buf_be16(b, (uint16_t)fields);
}

void db_copy_trailer(struct buf *b)
{
	buf_be16(b, UINT16_MAX);
}
