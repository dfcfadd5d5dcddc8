#include "ingest/otlp_pb.h"
#include "ledger/base/utf8.h"

struct str otlp_pb_text(struct str s, struct arena *a)
{
	size_t len = 0;
	char *out;

	if (str_utf8_ok(s))
		return s;
	/* U+FFFD takes three bytes. */
	out = s.len < SIZE_MAX / 3 ? arena_alloc(a, 3 * s.len) : NULL;
	if (!out)
		return STR_NONE;
	for (size_t i = 0; i < s.len;) {
		size_t n = utf8_len((const uint8_t *)s.p + i, s.len - i);

		if (n == 0 || !s.p[i]) {
			len += utf8_put(0xfffd, out + len);
			i++;
			continue;
		}
		memcpy(out + len, s.p + i, n);
		len += n;
		i += n;
	}
	return (struct str){out, len};
}

bool otlp_pb_id(struct str s, uint8_t *out, size_t n)
{
	unsigned any = 0;

	memset(out, 0, n);
	if (s.len != n)
		return false;
	memcpy(out, s.p, n);
	for (size_t i = 0; i < n; i++)
		any |= out[i];
	return any != 0;
}

/* An enum is 32 bits, whatever was sent. */
int otlp_pb_enum(const struct pb_field *f, int max)
{
	return otlp_enum((int32_t)(uint32_t)f->n, max);
}

bool otlp_pb_nan(const struct pb_field *f)
{
	return (f->n & INT64_MAX) > UINT64_C(0x7ff0000000000000);
}

/* Bytes as JSON has them. */
static struct str base64(struct str s, struct arena *a)
{
	static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef"
				    "ghijklmnopqrstuvwxyz0123456789+/";
	size_t len = (s.len + 2) / 3 * 4, at = 0;
	char *out = s.len < SIZE_MAX / 2 ? arena_alloc(a, len) : NULL;

	if (!out)
		return STR_NONE;
	for (size_t i = 0; i < s.len; i += 3) {
		uint32_t v = (uint32_t)(uint8_t)s.p[i] << 16;

		if (i + 1 < s.len)
			v |= (uint32_t)(uint8_t)s.p[i + 1] << 8;
		if (i + 2 < s.len)
			v |= (uint8_t)s.p[i + 2];
		out[at++] = digit[v >> 18];
		out[at++] = digit[v >> 12 & 63];
		out[at++] = i + 1 < s.len ? digit[v >> 6 & 63] : '=';
		out[at++] = i + 2 < s.len ? digit[v & 63] : '=';
	}
	return (struct str){out, len};
}

static void read_pair(struct otlp_dec *d, struct str bytes, struct arena *a,
		      bool filter, struct otlp_list *l, int depth);

/* ArrayValue, KeyValueList: its field 1. Pieces of one value would have to be
 * merged; nobody sends them, the last stands. */
static void read_values(struct otlp_dec *d, struct str bytes, struct arena *a,
			struct otlp_value *v, bool pairs, int depth)
{
	struct pb c = pb_of(bytes);
	struct otlp_list l = {0};
	struct pb_field f;

	while (pb_next(&c, &f)) {
		struct otlp_value one = {.type = OTLP_ABSENT}, *item;

		if (!pb_is(&f, 1, PB_BYTES))
			continue;
		if (pairs) {
			read_pair(d, f.s, a, false, &l, depth + 1);
			continue;
		}
		otlp_pb_value(d, f.s, a, &one, depth + 1);
		item = otlp_list_add(a, &l, sizeof(*item));
		if (item)
			*item = one;
	}
	*v = (struct otlp_value){.type = pairs ? OTLP_KVLIST : OTLP_ARRAY,
				 .n = l.n};
	if (pairs)
		v->pairs = l.p;
	else
		v->items = l.p;
}

/* One member of the value; ABSENT: not one we know, or NaN. */
static struct otlp_value read_kind(struct otlp_dec *d, const struct pb_field *f,
				   struct arena *a, int depth)
{
	struct otlp_value n = {.type = OTLP_ABSENT};

	if (pb_is(f, 1, PB_BYTES)) {
		n.s = otlp_pb_text(f->s, a);
		n.type = OTLP_STRING;
	} else if (pb_is(f, 2, PB_VARINT)) {
		n.b = f->n != 0;
		n.type = OTLP_BOOL;
	} else if (pb_is(f, 3, PB_VARINT)) {
		n.i = (int64_t)f->n;
		n.type = OTLP_INT;
	} else if (pb_is(f, 4, PB_FIXED64) && !otlp_pb_nan(f)) {
		n.d = pb_double(f);
		n.type = OTLP_DOUBLE;
	} else if (pb_is(f, 5, PB_BYTES)) {
		read_values(d, f->s, a, &n, false, depth);
	} else if (pb_is(f, 6, PB_BYTES)) {
		read_values(d, f->s, a, &n, true, depth);
	} else if (pb_is(f, 7, PB_BYTES)) {
		n.s = base64(f->s, a);
		n.type = OTLP_BYTES;
	}
	return n;
}

void otlp_pb_value(struct otlp_dec *d, struct str bytes, struct arena *a,
		   struct otlp_value *v, int depth)
{
	struct pb c = pb_of(bytes);
	struct pb_field f;

	if (depth >= OTLP_DEPTH_MAX)
		return;
	while (pb_next(&c, &f)) {
		struct otlp_value n = read_kind(d, &f, a, depth);

		if (n.type != OTLP_ABSENT)
			*v = n;
	}
}

static void read_pair(struct otlp_dec *d, struct str bytes, struct arena *a,
		      bool filter, struct otlp_list *l, int depth)
{
	struct otlp_value v = {.type = OTLP_ABSENT};
	struct str key = STR(""), value = STR_NONE;
	struct pb c = pb_of(bytes);
	struct otlp_attr *attr;
	struct pb_field f;

	while (pb_next(&c, &f)) {
		if (pb_is(&f, 1, PB_BYTES))
			key = f.s;
		else if (pb_is(&f, 2, PB_BYTES))
			value = f.s;
	}
	key = otlp_pb_text(key, a);
	if (!key.p || (filter && !otlp_wants(d, key)))
		return;
	if (value.p)
		otlp_pb_value(d, value, a, &v, depth);
	attr = otlp_list_add(a, l, sizeof(*attr));
	if (attr)
		*attr = (struct otlp_attr){.key = key, .v = v};
}

void otlp_pb_attr(struct otlp_dec *d, struct str bytes, struct arena *a,
		  bool filter, struct otlp_list *l)
{
	read_pair(d, bytes, a, filter, l, 0);
}
