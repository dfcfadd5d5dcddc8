/* Times: what is accepted comes back the same through clock_format, and lies
 * on the day that it says. */
#include <stdint.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[32], day[16];
	int64_t us, again;

	if (!clock_parse((struct str){(const char *)data, size}, &us))
		return 0;
	clock_format(us, text, sizeof(text));
	clock_format_day(clock_day(us), day, sizeof(day));
	if (!str_starts(str_from(text), day))
		BUG("another day");
	/* An offset may lead out of the years that have four digits. */
	if (strlen(text) != 27 || text[0] == '-' ||
	    str_starts(str_from(text), "0000"))
		return 0;
	if (!clock_parse(str_from(text), &again) || again != us)
		BUG("another time");
	return 0;
}
