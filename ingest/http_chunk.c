/* Chunked bodies (RFC 9112 section 7.1), byte by byte but for the data. */
#include "ingest/http_parse.h"

enum {
	SIZE = 0, /* digits of a size */
	EXT,      /* an extension, to the end of its line */
	SIZE_LF,  /* CR was seen behind a size */
	DATA,     /* `left` bytes of body */
	DATA_CR,  /* the line end behind them */
	DATA_LF,
	TRAILER,      /* the first byte of a trailer, or of the last line */
	TRAILER_NAME, /* a field's name */
	TRAILER_LINE, /* its value */
	TRAILER_LF,
	END_LF, /* CR was seen on an empty line */
	END,
	BAD
};

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_text(char c)
{
	return (unsigned char)c >= ' ' ? c != 127 : c == '\t';
}

/* No size of more than 15 digits is meant seriously, and none is needed. */
static int after_size(struct http_chunks *c, char byte)
{
	int v = hex(byte);

	if (v >= 0 && c->digits < 15) {
		c->digits++;
		c->left = c->left << 4 | (uint64_t)v;
		return SIZE;
	}
	if (v >= 0 || c->digits == 0)
		return BAD;
	return byte == ';' ? EXT : byte == '\r' ? SIZE_LF : BAD;
}

static int after_line(char byte, int same, int next)
{
	if (byte == '\r')
		return next;
	return is_text(byte) ? same : BAD;
}

static int after_trailer(int state, char byte)
{
	if (state == TRAILER && byte == '\r')
		return END_LF;
	if (state == TRAILER_NAME && byte == ':')
		return TRAILER_LINE;
	return is_name(byte) ? TRAILER_NAME : BAD;
}

static int after(struct http_chunks *c, char byte)
{
	switch (c->state) {
	case SIZE:
		return after_size(c, byte);
	case EXT:
		return after_line(byte, EXT, SIZE_LF);
	case SIZE_LF:
		c->digits = 0;
		return byte != '\n' ? BAD : c->left ? DATA : TRAILER;
	case DATA_CR:
		return byte == '\r' ? DATA_LF : BAD;
	case DATA_LF:
		return byte == '\n' ? SIZE : BAD;
	case TRAILER:
	case TRAILER_NAME:
		return after_trailer(c->state, byte);
	case TRAILER_LINE:
		return after_line(byte, TRAILER_LINE, TRAILER_LF);
	case TRAILER_LF:
		return byte == '\n' ? TRAILER : BAD;
	case END_LF:
		return byte == '\n' ? END : BAD;
	default:
		return BAD;
	}
}

static bool is_overhead(int state)
{
	return state == EXT || (state >= TRAILER && state <= TRAILER_LF);
}

enum http_chunk http_chunks_next(struct http_chunks *c, const char *p, size_t n,
				 size_t *used, struct str *data)
{
	size_t i = 0;

	while (i < n && c->state != END && c->state != BAD) {
		if (c->state == DATA) {
			size_t len = n - i < c->left ? n - i : (size_t)c->left;

			*data = (struct str){p + i, len};
			*used = i + len;
			c->left -= len;
			if (c->left == 0)
				c->state = DATA_CR;
			return HTTP_CHUNK_DATA;
		}
		c->state = after(c, p[i++]);
		if (is_overhead(c->state) &&
		    ++c->overhead > HTTP_CHUNK_OVERHEAD)
			c->state = BAD;
	}
	*used = i;
	if (c->state == BAD)
		return HTTP_CHUNK_BAD;
	return c->state == END ? HTTP_CHUNK_END : HTTP_CHUNK_MORE;
}
