/* What a sender of OTLP is answered, in its own encoding. */
#include <inttypes.h>
#include <stdio.h>

#include "ingest/otlp.h"
#include "ledger/base/json.h"

#define MESSAGE_MAX 480 /* bytes of a message; one length byte or two */

const char *otlp_content_type(enum otlp_encoding enc)
{
	return enc == OTLP_JSON ? "application/json" : "application/x-protobuf";
}

static void put_varint(struct buf *out, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		buf_addc(out, (char)(v | 0x80));
	buf_addc(out, (char)v);
}

static void put_bytes(struct buf *out, int field, const void *p, size_t n)
{
	put_varint(out, (uint64_t)field << 3 | 2);
	put_varint(out, n);
	buf_add(out, p, n);
}

/* Proto3 leaves out what is 0 or empty. */
static void put_number_text(struct buf *out, int64_t n, const char *text)
{
	size_t len = strnlen(text, MESSAGE_MAX);

	if (n) {
		put_varint(out, 1 << 3);
		put_varint(out, (uint64_t)n);
	}
	if (len)
		put_bytes(out, 2, text, len);
}

void otlp_success(struct buf *out, enum otlp_signal signal,
		  enum otlp_encoding enc, int64_t rejected, const char *why)
{
	static const char *const names[] = {[OTLP_TRACES] = "rejectedSpans",
					    [OTLP_LOGS] = "rejectedLogRecords",
					    [OTLP_METRICS] =
						    "rejectedDataPoints"};
	bool partial = rejected > 0 || (why && *why);
	struct json_out o;
	struct buf sub;
	char digits[24];

	if (!why)
		why = "";
	if (enc == OTLP_PROTOBUF) {
		if (!partial)
			return;
		buf_init(&sub, 1024);
		put_number_text(&sub, rejected, why);
		put_bytes(out, 1, sub.p, sub.len);
		buf_release(&sub);
		return;
	}
	json_out_init(&o, out);
	json_out_obj(&o, NULL);
	if (partial) {
		json_out_obj(&o, "partialSuccess");
		snprintf(digits, sizeof(digits), "%" PRId64, rejected);
		if (rejected)
			json_out_str(&o, names[signal], str_from(digits));
		if (*why)
			json_out_str(&o, "errorMessage", str_from(why));
		json_out_end(&o, '}');
	}
	json_out_end(&o, '}');
}

/* google.rpc.Code. */
static int rpc_code(int http_status)
{
	switch (http_status) {
	case 401:
		return 16; /* unauthenticated */
	case 403:
		return 7; /* permission denied */
	case 404:
		return 5; /* not found */
	case 405:
		return 12; /* unimplemented */
	case 408:
		return 4; /* deadline exceeded */
	case 413:
	case 429:
		return 8; /* resource exhausted */
	case 502:
	case 503:
	case 504:
		return 14; /* unavailable */
	default:
		return http_status >= 500 ? 13 : 3; /* internal, invalid */
	}
}

void otlp_status(struct buf *out, enum otlp_encoding enc, int http_status,
		 const char *message)
{
	struct json_out o;

	if (enc == OTLP_PROTOBUF) {
		put_number_text(out, rpc_code(http_status), message);
		return;
	}
	json_out_init(&o, out);
	json_out_obj(&o, NULL);
	json_out_i64(&o, "code", rpc_code(http_status));
	json_out_str(&o, "message", str_from(message));
	json_out_end(&o, '}');
}
