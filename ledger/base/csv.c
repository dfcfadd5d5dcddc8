#include "ledger/base/csv.h"

static bool needs_quotes(struct str s)
{
	if (!s.p)
		return false;
	if (s.len == 0 || s.p[0] == ' ' || s.p[s.len - 1] == ' ')
		return true;
	for (size_t i = 0; i < s.len; i++) {
		if (memchr(",\"\r\n", s.p[i], 4))
			return true;
	}
	return false;
}

void csv_field(struct buf *out, struct str s)
{
	if (!needs_quotes(s)) {
		buf_add(out, s.p, s.len);
		return;
	}
	buf_addc(out, '"');
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '"')
			buf_addc(out, '"');
		buf_addc(out, s.p[i]);
	}
	buf_addc(out, '"');
}
