/* What several kinds need: sums and small facts. */
#include <string.h>

#include "ingest/import.h"

#define FACT_MAX 256

struct str import_facts(struct import_run *r, const struct import_fact *f,
			int n)
{
	struct json_out o;
	struct buf b;
	struct str s;
	int some = 0;

	buf_init(&b, (size_t)n * 1024 * 8 + 16);
	json_out_init(&o, &b);
	json_out_obj(&o, NULL);
	for (int i = 0; i < n; i++) {
		if (!f[i].value.p || !f[i].value.len ||
		    f[i].value.len > FACT_MAX || !str_utf8_ok(f[i].value))
			continue;
		json_out_str(&o, f[i].name, f[i].value);
		some++;
	}
	json_out_end(&o, '}');
	s = some ? arena_str(import_arena(r), (struct str){buf_str(&b), b.len})
		 : STR_NONE;
	buf_release(&b);
	return s;
}
