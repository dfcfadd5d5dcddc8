/* The mock provider's readers. The first byte chooses: 'b' words of how a reply
 * goes wrong, 't' a time, 's' a script; what is read stays in its ranges, and
 * every line of a script that was taken is found again. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ingest/mock_int.h"
#include "tests/fuzz/fuzz.h"

static void behave(struct str s)
{
	struct mock_behaviour b;

	mock_behaviour_init(&b);
	mock_behaviour_read(&b, s);
	check(b.status >= 200 && b.status < 600, "no status");
	check(b.after >= 0 && b.once >= 0 && b.delay_us >= 0 &&
		      b.retry_ms >= -1,
	      "a negative count");
}

static void a_time(const char *text)
{
	struct mock_time t;
	struct err e;

	if (mock_time_parse(&t, text, &e)) {
		check(e.msg[0], "refused without a word");
		return;
	}
	for (int i = 0; i < 8; i++)
		check(mock_time_us(&t, i / 8.0) >= 0, "a negative time");
}

static void script(struct str s)
{
	int fd = memfd_create("script", MFD_CLOEXEC);
	struct mock_script k;
	char path[64];
	struct err e;

	if (fd < 0 || write(fd, s.p, s.len) != (ssize_t)s.len)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (mock_script_read(&k, path, &e))
		check(e.msg[0], "refused without a word");
	for (size_t i = 0; i < k.n; i++) {
		const struct mock_line *l = &k.lines[i];

		if (l->task.len && l->model.len)
			check(mock_script_find(&k, l->task, l->model),
			      "a line is lost");
		check(l->n_logprobs >= 0 && l->delay_us >= 0,
		      "a negative count");
	}
	mock_script_release(&k);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *p;

	if (size < 1)
		return 0;
	p = xcalloc(1, size);
	memcpy(p, data + 1, size - 1);
	if (data[0] == 'b')
		behave((struct str){p, size - 1});
	else if (data[0] == 't')
		a_time(p);
	else if (data[0] == 's')
		script((struct str){p, size - 1});
	free(p);
	return 0;
}
