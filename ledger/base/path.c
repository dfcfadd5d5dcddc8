#include "ledger/base/path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/base/alloc.h"

char *path_absolute(const char *path)
{
	char cwd[4096];

	if (path[0] == '/' || !getcwd(cwd, sizeof(cwd)))
		return xstrdup(path);
	return xasprintf("%s/%s", cwd, path);
}

enum rc path_errno(struct err *e, const char *what, const char *path)
{
	int why = errno;
	enum rc rc =
		err_set(e, RC_DOWN, "%s %s: %s", what, path, strerror(why));

	if (why == ENOSPC || why == EDQUOT)
		err_hint(e, "free some space on that disk");
	return rc;
}

enum rc path_make(const char *path, mode_t mode, struct err *e)
{
	char *part = xstrdup(path);
	enum rc rc = RC_OK;

	for (size_t i = 1; !rc; i++) {
		char c = part[i];

		if (c && c != '/')
			continue;
		part[i] = 0;
		if (mkdir(part, c ? 0755 : mode) && errno != EEXIST)
			rc = path_errno(e, "making", part);
		part[i] = c;
		if (!c)
			break;
	}
	free(part);
	return rc;
}
