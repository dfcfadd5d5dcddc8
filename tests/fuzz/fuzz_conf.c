/* The configuration file: whatever it holds, reading it ends with RC_OK or
 * with a message that names a line, and what was read can be printed. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ledger/base/alloc.h"
#include "ledger/base/conf.h"
#include "ledger/base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_message(const struct err *e, const char *path)
{
	if (!str_starts(str_from(e->msg), path) || e->msg[strlen(path)] != ':')
		BUG(e->msg);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char path[64];
	static int fd = -1;
	struct conf c;
	struct err e;

	if (fd < 0) {
		for (const struct conf_key *k = conf_keys; k->name; k++)
			unsetenv(k->env);
		fd = memfd_create("conf", 0);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	if (ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
		abort();
	if (conf_load(&c, path, &e) != RC_OK) {
		check_message(&e, path);
		return 0;
	}
	for (const struct conf_key *k = conf_keys; k->name; k++) {
		struct buf b;

		buf_init(&b, 1 << 16);
		conf_value(&c, k, &b);
		if (!str_utf8_ok((struct str){b.p, b.len}))
			BUG("a value is not text");
		buf_release(&b);
	}
	conf_release(&c);
	return 0;
}
