/* What must stay on one side of a split. Benchmarks repeat each other under
 * other names: the same repository under several suites, the same puzzle as a
 * completion, a translation and a test to write. A router that saw the one has
 * seen the other. */
#include <ctype.h>

#include "ledger/hash.h"
#include "router/matrix.h"

/* Where `needle` ends in `s`, or NULL. */
static const char *after(struct str s, const char *needle)
{
	size_t n = strlen(needle);
	const char *p = s.len ? memmem(s.p, s.len, needle, n) : NULL;

	return p ? p + n : NULL;
}

static bool is_owner(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '.';
}

/* A dash before a number or a commit ends the repository's name. */
static bool ends_name(const char *p, const char *end)
{
	const char *q = p + 1;

	while (q < end && isxdigit((unsigned char)*q))
		q++;
	if (q < end && *q != '-')
		return false;
	if (q - p > 7)
		return true;
	for (p++; p < q; p++)
		if (!isdigit((unsigned char)*p))
			return false;
	return q[-1] != '-';
}

/* "owner__name-123", with whatever stands before the owner, as "owner/name" in
 * lower case; the length, or 0. `number` is what follows. */
static size_t repo_of(struct str id, char *out, size_t size, struct str *number)
{
	const char *mid = after(id, "__"), *end = id.p + id.len, *from, *to;
	size_t n = 0;

	if (!mid)
		return 0;
	for (from = mid - 2; from > id.p && is_owner(from[-1]);)
		from--;
	for (to = mid; to < end && !(*to == '-' && ends_name(to, end));)
		to++;
	if (from == mid - 2 || to == mid || to == end)
		return 0;
	*number = (struct str){to + 1, (size_t)(end - to) - 1};
	for (const char *p = from; p < to && n < size; p++) {
		if (p == mid - 2) {
			out[n++] = '/';
			p++;
		} else {
			out[n++] = (char)tolower((unsigned char)*p);
		}
	}
	return n;
}

/* Puzzles that suites share, by what their names hold: the number that follows
 * or, for `rest`, all that follows. */
static const struct family {
	const char *holds, *name;
	bool rest;
} families[] = {
	{"HumanEval/", "humaneval", false},
	{"HumanEval_", "humaneval", false},
	{"_hex_", "humaneval", false},
	{"BigCodeBench/", "bigcodebench", false},
	{"mbpp_", "mbpp", false},
	{"lcb_testgen_", "lcb", true},
	{"lcb_", "lcb", true},
};

static struct str digits(const char *p, const char *end)
{
	const char *q;

	while (p < end && !isdigit((unsigned char)*p))
		p++;
	for (q = p; q < end && isdigit((unsigned char)*q);)
		q++;
	return (struct str){p, (size_t)(q - p)};
}

static uint64_t word(struct uuid id)
{
	uint64_t v = 0;

	for (int i = 0; i < 8; i++)
		v = v << 8 | id.b[i];
	return v;
}

static uint64_t task_group(struct str source, struct str id)
{
	const char *end = id.p + id.len;
	struct str number;
	char repo[200];
	size_t n;

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		const struct family *f = &families[i];
		const char *p = after(id, f->holds);
		struct str rest;

		if (!p)
			continue;
		rest = f->rest ? (struct str){p, (size_t)(end - p)}
			       : digits(p, end);
		if (rest.len)
			return word(HASH_ID(STR("puzzle"), str_from(f->name),
					    rest));
	}
	n = repo_of(id, repo, sizeof(repo), &number);
	if (n) /* an issue, under whichever suite */
		return word(
			HASH_ID(STR("issue"), (struct str){repo, n}, number));
	return word(HASH_ID(STR("task"), source, id));
}

uint64_t mx_group(struct str source, struct str id, struct str repo,
		  const char *group_by)
{
	struct str number;
	char name[200];
	size_t n = 0;

	if (group_by && !strcmp(group_by, "id"))
		return word(HASH_ID(STR("id"), source, id));
	if (group_by && !strcmp(group_by, "source"))
		return word(HASH_ID(STR("source"), source));
	if (!group_by || !strcmp(group_by, "repo")) {
		if (repo.len && repo.len <= sizeof(name))
			for (; n < repo.len; n++)
				name[n] =
					(char)tolower((unsigned char)repo.p[n]);
		else
			n = repo_of(id, name, sizeof(name), &number);
		if (n)
			return word(
				HASH_ID(STR("repo"), (struct str){name, n}));
	}
	return task_group(source, id);
}
