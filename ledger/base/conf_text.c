/* Configuration as text: values, and the sample file. */
#include <stdio.h>
#include <string.h>

#include "ledger/base/conf.h"
#include "ledger/base/str.h"

/* "postgresql://user:secret@host/db" and "host=h password=secret" without
 * their secrets. */
static void add_masked(struct buf *out, const char *url)
{
	const char *scheme = strstr(url, "://"), *p;

	if (scheme) {
		const char *user = scheme + 3;
		const char *at = user + strcspn(user, "/?");

		while (at > user && at[-1] != '@')
			at--;
		p = memchr(user, ':', (size_t)(at - user));
		if (at > user && p) {
			buf_add(out, url, (size_t)(p + 1 - url));
			buf_adds(out, "***");
			url = at - 1;
		}
	}
	while ((p = strcasestr(url, "password="))) {
		p += strlen("password=");
		buf_add(out, url, (size_t)(p - url));
		buf_adds(out, "***");
		url = *p == '\'' ? p + 1 + strcspn(p + 1, "'") : p;
		url += strcspn(url, " &");
	}
	buf_adds(out, url);
}

/* In the largest unit that divides it. */
static void add_bytes(struct buf *out, int64_t v)
{
	static const char units[] = " kmg";
	int u = 0;

	while (u < 3 && v > 0 && v % 1024 == 0) {
		v /= 1024;
		u++;
	}
	buf_addf(out, "%lld", (long long)v);
	if (u)
		buf_addc(out, units[u]);
}

/* What a webhook's URL holds behind its server lets anybody post. */
static void add_server(struct buf *out, const char *url)
{
	const char *scheme = strstr(url, "://");
	const char *from = scheme ? scheme + 3 : url;
	size_t n = strcspn(from, "/?");

	buf_add(out, url, (size_t)(from - url) + n);
	if (from[n])
		buf_adds(out, "/***");
}

void conf_value(const struct conf *c, const struct conf_key *k, struct buf *out)
{
	const void *p = (const char *)c + k->offset;

	switch (k->type) {
	case CONF_STR:
	case CONF_PATH:
		if (k->offset == offsetof(struct conf, database_url))
			add_masked(out, c->database_url);
		else if (k->offset == offsetof(struct conf, alert_url))
			add_server(out, c->alert_url);
		else
			buf_adds(out, *(char *const *)p);
		break;
	case CONF_INT:
	case CONF_DURATION_DAYS:
		buf_addf(out, "%lld", (long long)*(const int64_t *)p);
		break;
	case CONF_BYTES:
		add_bytes(out, *(const int64_t *)p);
		break;
	case CONF_BOOL:
		buf_adds(out, *(const bool *)p ? "yes" : "no");
		break;
	}
}

/* Words of `text` in lines of at most 78 columns, each behind "# ". */
static void add_comment(struct buf *out, const char *text)
{
	size_t column = 0;

	while (*text) {
		size_t n = strcspn(text, " ");

		if (column == 0 || column + 1 + n > 78) {
			buf_adds(out, column ? "\n# " : "# ");
			column = 2;
		} else {
			buf_addc(out, ' ');
			column++;
		}
		buf_add(out, text, n);
		column += n;
		text += n + (text[n] == ' ');
	}
	buf_addc(out, '\n');
}

/* What values are allowed, and from where else they come. */
static void add_range(struct buf *out, const struct conf_key *k)
{
	struct buf text;

	buf_init(&text, 1000);
	if (k->type == CONF_INT)
		buf_addf(&text, "%lld..%lld. ", (long long)k->min,
			 (long long)k->max);
	else if (k->type == CONF_DURATION_DAYS)
		buf_adds(&text, "Days, or with a unit: 90d 12w 1y. ");
	else if (k->type == CONF_BYTES)
		buf_adds(&text, "Bytes, or with a unit: 512k 64m 1g. ");
	else if (k->type == CONF_BOOL)
		buf_adds(&text, "yes or no. ");
	else if (k->choices)
		buf_addf(&text, "One of: %s. ", k->choices);
	buf_addf(&text, "Variable: %s.%s", k->env,
		 k->reloadable ? " Reloaded on SIGHUP." : "");
	add_comment(out, buf_str(&text));
	buf_release(&text);
}

void conf_sample(struct buf *out)
{
	const char *section = "";

	buf_adds(out, "# aco.conf: configuration of aco, with every key at its "
		      "default.\n"
		      "# A ';' after white space begins a comment, at the end "
		      "of a line too.\n"
		      "# Variables of the environment win over this file.\n");
	for (const struct conf_key *k = conf_keys; k->name; k++) {
		if (strcmp(section, k->section) != 0) {
			section = k->section;
			buf_addf(out, "\n[%s]\n", section);
		}
		buf_addc(out, '\n');
		add_comment(out, k->help);
		add_range(out, k);
		buf_addf(out, "%s =%s%s\n", k->name, *k->def ? " " : "",
			 k->def);
	}
}
