#include "ledger/shell_cut.h"

#include <string.h>

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool is_end(char c)
{
	return c == ';' || c == '&' || c == '|' || c == '\n' || c == '(' ||
	       c == ')';
}

/* A word with its quotes; p ends behind it. */
static struct str word(struct shell_scan *s)
{
	const char *from = s->p;
	char quote = 0;

	for (; s->p < s->end; s->p++) {
		char c = *s->p;

		if (c == '\\' && quote != '\'' && s->end - s->p > 1)
			s->p++;
		else if (quote)
			quote = c == quote ? 0 : quote;
		else if (c == '"' || c == '\'' || c == '`')
			quote = c;
		else if (is_space(c) || is_end(c) || c == '<' || c == '>')
			break;
	}
	return (struct str){from, (size_t)(s->p - from)};
}

static struct str unquote(struct str w)
{
	if (w.len >= 2 && (w.p[0] == '"' || w.p[0] == '\'') &&
	    w.p[w.len - 1] == w.p[0])
		return (struct str){w.p + 1, w.len - 2};
	return w;
}

static void blanks(struct shell_scan *s)
{
	while (s->p < s->end) {
		if (is_space(*s->p))
			s->p++;
		else if (*s->p == '\\' && s->end - s->p > 1 && s->p[1] == '\n')
			s->p += 2;
		else
			break;
	}
}

/* Pass over the lines of a here-document. */
static void skip_here(struct shell_scan *s)
{
	while (s->p < s->end) {
		const char *nl = memchr(s->p, '\n', (size_t)(s->end - s->p));
		const char *to = nl ? nl : s->end;
		struct str line =
			str_trim((struct str){s->p, (size_t)(to - s->p)});

		s->p = nl ? nl + 1 : s->end;
		if (str_eq(line, s->here))
			break;
	}
	s->here = STR_NONE;
}

/* A redirection; p is at < or >. */
static void redirect(struct shell_scan *s, struct shell_simple *c)
{
	bool out = *s->p == '>', here = false;
	struct str w;

	while (s->p < s->end && (*s->p == '<' || *s->p == '>')) {
		here = !out && s->end - s->p > 1 && s->p[0] == '<' &&
		       s->p[1] == '<';
		s->p++;
		if (here) {
			s->p++;
			break;
		}
	}
	if (here && s->p < s->end && (*s->p == '<' || *s->p == '-'))
		s->p++;                      /* <<< and <<- */
	if (s->p < s->end && *s->p == '&') { /* 2>&1 */
		s->p++;
		word(s);
		return;
	}
	blanks(s);
	w = word(s);
	if (here && w.len && s->p[-1] != '<')
		s->here = unquote(w);
	if (out && w.len && !str_starts(w, "/dev/"))
		c->writes = true;
}

static void add_word(struct shell_simple *c, struct str w)
{
	bool digits = true;

	for (size_t i = 0; i < w.len; i++)
		digits = digits && w.p[i] >= '0' && w.p[i] <= '9';
	if (w.len && c->n < SHELL_WORDS && !(digits && !c->n))
		c->w[c->n++] = unquote(w);
}

bool shell_next(struct shell_scan *s, struct shell_simple *c)
{
	bool piped = false;

	for (;;) {
		blanks(s);
		if (s->p >= s->end)
			return false;
		if (*s->p == '#') {
			while (s->p < s->end && *s->p != '\n')
				s->p++;
		} else if (is_end(*s->p)) {
			piped = *s->p == '|' &&
				!(s->p > s->end - 2 || s->p[1] == '|');
			if (*s->p == '|' && s->end - s->p > 1 && s->p[1] == '|')
				s->p++;
			if (*s->p++ == '\n' && s->here.p)
				skip_here(s);
		} else {
			break;
		}
	}
	*c = (struct shell_simple){.piped = piped};
	while (s->p < s->end && !is_end(*s->p)) {
		const char *at = s->p;

		if (*s->p == '<' || *s->p == '>')
			redirect(s, c);
		else
			add_word(c, word(s));
		if (s->p == at)
			s->p++;
		blanks(s);
	}
	return true;
}
