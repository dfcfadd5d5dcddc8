/* Whether what a tool said reads like a failure. */
#include "ingest/meter_int.h"

enum {
	LOOK = 400 /* bytes of it */
};

/* A number other than 0 behind `mark`, which may stand anywhere in s. */
static bool code_behind(struct str s, const char *mark)
{
	size_t n = strlen(mark);
	const char *p = s.len ? memmem(s.p, s.len, mark, n) : NULL;

	if (!p)
		return false;
	p += n;
	while (p < s.p + s.len && strchr(" :\\\"", *p) && *p)
		p++;
	if (p < s.p + s.len && *p == '-')
		p++;
	return p < s.p + s.len && *p >= '1' && *p <= '9';
}

/* Protocols without a mark for it: by how known tools begin their output. */
bool ask_looks_failed(struct str raw)
{
	static const char *const begins[] = {
		"Error",          "error:",           "ERROR",
		"Traceback",      "Exception",        "fatal:",
		"{\\\"error\\\"", "{ \\\"error\\\"",  "<error>",
		"bash: ",         "command not found"};
	static const char *const codes[] = {"xit code", "exited with code",
					    "exit_code", "<returncode>",
					    "exit status"};
	struct str s = {raw.p, raw.len < LOOK ? raw.len : LOOK};

	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
		if (str_starts(s, begins[i]))
			return true;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (code_behind(s, codes[i]))
			return true;
	return false;
}
