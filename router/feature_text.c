/* One pass over a text. Lines are found first, then the tokens of a line
 * (what stands between blanks), then the words of a token; each level counts
 * what can be seen at it. Words are compared with the lists by a hash. */
#include "router/feature_text.h"

#include <pthread.h>
#include <string.h>

#include "ledger/base/alloc.h"

/* ---- kinds of bytes ---- */

enum {
	B_LOWER = 1,
	B_UPPER = 2,
	B_DIGIT = 4,
	B_UNDER = 8,
	B_HIGH = 16, /* a part of what is not ASCII */
	B_WORD = B_LOWER | B_UPPER | B_DIGIT | B_UNDER | B_HIGH,
	B_BLANK = 32,
	B_SLASH = 64,
	B_COLON = 128,
};

static const uint8_t byte_kinds[256] = {
	['a' ... 'z'] = B_LOWER,  ['A' ... 'Z'] = B_UPPER,
	['0' ... '9'] = B_DIGIT,  ['_'] = B_UNDER,
	[0x80 ... 0xff] = B_HIGH, ['\t' ... '\r'] = B_BLANK,
	[' '] = B_BLANK,          ['/'] = B_SLASH,
	[':'] = B_COLON,
};

static unsigned byte_kind(char c)
{
	return byte_kinds[(unsigned char)c];
}

static unsigned char lower_byte(char c, unsigned kind)
{
	return (unsigned char)(kind == B_UPPER ? c | 0x20 : c);
}

static bool is_digit(char c)
{
	return byte_kind(c) == B_DIGIT;
}

/* ---- the lists as a hash of buckets ---- */

/* Which words are listed cannot be foreseen, so nothing here branches on it:
 * all words of a bucket are compared, and each word is counted in as many lists
 * as a word can be in, the last of them being one that nobody reads. */
#define BUCKETS    512
#define BUCKET     4 /* words in one */
#define WORD_LISTS 4 /* lists that a word is in */

struct word_bucket {
	uint32_t hash[BUCKET];                 /* 0: none */
	uint8_t lists[BUCKET + 1][WORD_LISTS]; /* the last: of no word */
};

struct scan {
	struct text_stats *s;
	uint64_t bloom[TEXT_BLOOM_BITS / 64];
	const char *gram_end; /* n-grams are counted up to there */
	uint32_t last_word;   /* its hash */
};

static uint32_t hash_step(uint32_t h, unsigned char c)
{
	return (h ^ c) * UINT32_C(16777619); /* FNV-1a */
}
#define HASH_START UINT32_C(2166136261)

/* Filled once, only read afterwards. */
static struct word_bucket buckets[BUCKETS];
static pthread_once_t buckets_once = PTHREAD_ONCE_INIT;

static struct word_bucket *bucket_of(uint32_t hash)
{
	return &buckets[(hash ^ (hash >> 15)) % BUCKETS];
}

static void bucket_add(uint32_t hash, int list)
{
	struct word_bucket *b = bucket_of(hash);
	int i = 0, k = 0;

	while (i < BUCKET && b->hash[i] && b->hash[i] != hash)
		i++;
	if (i == BUCKET)
		BUG("a bucket of words is full: make more of them");
	b->hash[i] = hash;
	while (k < WORD_LISTS && b->lists[i][k] != TEXT_LISTS)
		k++;
	if (k == WORD_LISTS)
		BUG("a word is in too many lists");
	b->lists[i][k] = (uint8_t)list;
}

static void buckets_fill(void)
{
	for (int i = 0; i < BUCKETS; i++)
		memset(buckets[i].lists, TEXT_LISTS, sizeof(buckets[i].lists));
	for (int list = 0; list < TEXT_LISTS; list++) {
		const char *p = text_word_list(list);

		while (*p) {
			uint32_t h = HASH_START;

			for (; *p && *p != ' '; p++)
				h = hash_step(h, (unsigned char)*p);
			bucket_add(h, list);
			while (*p == ' ')
				p++;
		}
	}
}

/* ---- words ---- */

struct word {
	uint32_t hash;  /* of its lower-case form */
	unsigned kinds; /* of its bytes, or-ed */
	size_t len;
	bool camel; /* a lower-case letter before an upper-case one */
	bool call;  /* "(" follows */
};

static void count_lists(struct scan *sc, uint32_t hash)
{
	const struct word_bucket *b = bucket_of(hash);
	unsigned found = 1U << BUCKET;
	const uint8_t *lists;

	for (int i = 0; i < BUCKET; i++)
		found |= (unsigned)(b->hash[i] == hash) << i;
	lists = b->lists[__builtin_ctz(found)];
	for (int i = 0; i < WORD_LISTS; i++)
		sc->s->list_words[lists[i]]++;
}

/* A hash's bucket, from bits that its low ones were spread to. */
static unsigned gram(uint32_t hash)
{
	return hash * UINT32_C(2654435769) >> 27;
}
_Static_assert(TEXT_GRAMS == 1 << (32 - 27), "buckets of n-grams");

static void count_word_grams(struct scan *sc, uint32_t hash)
{
	sc->s->word_grams[gram(hash)]++;
	if (sc->last_word)
		sc->s->word_grams[gram(sc->last_word * 31 + hash)]++;
	sc->last_word = hash;
}

static void count_char_grams(struct scan *sc, const char *p, const char *end)
{
	uint32_t *n = sc->s->char_grams, three = 0;

	for (const char *q = p; q < end; q++) {
		three = (three << 8 | lower_byte(*q, byte_kind(*q))) & 0xffffff;
		if (q - p >= 2)
			n[gram(three)]++;
	}
}

static void count_word(struct scan *sc, const struct word *w)
{
	struct text_stats *s = sc->s;
	uint32_t bit = (w->hash ^ (w->hash >> 16)) % TEXT_BLOOM_BITS;

	s->words++;
	s->word_bytes += w->len;
	s->long_words += w->len >= 10;
	s->numbers += w->kinds == B_DIGIT;
	s->shouts += w->len >= 2 && w->kinds == B_UPPER;
	s->identifiers +=
		w->camel || w->call ||
		((w->kinds & B_UNDER) && (w->kinds & (B_LOWER | B_UPPER)));
	sc->bloom[bit / 64] |= UINT64_C(1) << bit % 64;
	count_lists(sc, w->hash);
}

/* Reads the word at `p`, of which there is at least a byte; returns its end
 * and adds the kinds of its bytes to *kinds. */
static const char *scan_word(struct scan *sc, const char *p, const char *end,
			     unsigned *kinds)
{
	struct word w = {.hash = HASH_START};
	const char *from = p;
	unsigned last = 0;

	for (; p < end; p++) {
		unsigned kind = byte_kind(*p);

		if (!(kind & B_WORD))
			break;
		w.camel |= kind == B_UPPER && last == B_LOWER;
		w.kinds |= kind;
		w.hash = hash_step(w.hash, lower_byte(*p, kind));
		last = kind;
	}
	w.len = (size_t)(p - from);
	w.call = p < end && *p == '(' && !(w.kinds & (B_HIGH | B_DIGIT));
	count_word(sc, &w);
	if (p <= sc->gram_end) {
		count_word_grams(sc, w.hash);
		count_char_grams(sc, from, p);
	}
	*kinds |= w.kinds;
	return p;
}

/* ---- tokens ---- */

static bool is_url(struct str t)
{
	const char *p = memmem(t.p, t.len, "://", 3);

	return p && p > t.p && p + 3 < t.p + t.len;
}

/* "src/a.c", "/etc/passwd", "./run", "a\b.txt" is not one. */
static bool is_path(struct str t)
{
	const char *slash = memchr(t.p, '/', t.len);
	const char *end = t.p + t.len;

	if (!slash || slash + 1 >= end)
		return false;
	if (!(byte_kind(slash[1]) & B_WORD) && slash[1] != '.')
		return false;
	if (slash == t.p) /* "/x" alone may be a fraction or a command */
		return memchr(slash + 1, '/', (size_t)(end - slash - 1));
	return slash[-1] == '.' || (byte_kind(slash[-1]) & B_WORD);
}

static bool is_error(struct str t)
{
	if (t.p[t.len - 1] == ':')
		t.len--;
	return str_ends(t, "Error") || str_ends(t, "Exception") ||
	       str_is(t, "panic") || str_is(t, "error") || str_is(t, "fatal") ||
	       str_ends(t, ":error");
}

/* A token is complete; `kinds`: of its bytes, or-ed, so that most tokens are
 * not looked at again. */
static void count_token(struct scan *sc, struct str t, unsigned kinds)
{
	struct text_stats *s = sc->s;
	char last = t.p[t.len - 1];

	s->tokens++;
	s->sentences +=
		t.len > 1 && (last == '.' || last == '!' || last == '?');
	if (!(kinds & (B_SLASH | B_COLON)))
		return;
	if ((kinds & B_SLASH) && (kinds & B_COLON) && is_url(t))
		s->urls++;
	else if ((kinds & B_SLASH) && is_path(t))
		s->paths++;
	if ((kinds & B_COLON) && is_error(t))
		s->errors++;
}

/* Reads the token at `p`, which is not blank; returns its end. */
static const char *scan_token(struct scan *sc, const char *p, const char *end)
{
	const char *from = p;
	unsigned kinds = 0;

	while (p < end && !(byte_kind(*p) & B_BLANK)) {
		if (byte_kind(*p) & B_WORD)
			p = scan_word(sc, p, end, &kinds);
		else
			kinds |= byte_kind(*p++);
	}
	count_token(sc, (struct str){from, (size_t)(p - from)}, kinds);
	return p;
}

/* ---- lines ---- */

/* "- x", "* x", "+ x", "1. x", "12) x" */
static bool is_list_line(struct str l)
{
	size_t i = 0;

	if (l.len >= 2 && (l.p[0] == '-' || l.p[0] == '*' || l.p[0] == '+'))
		return l.p[1] == ' ';
	while (i < l.len && i < 3 && is_digit(l.p[i]))
		i++;
	return i && i + 1 < l.len && (l.p[i] == '.' || l.p[i] == ')') &&
	       l.p[i + 1] == ' ';
}

/* "A. x", "b) x", "(C) x" with one of the first eight letters */
static bool is_choice_line(struct str l)
{
	if (l.len && l.p[0] == '(') {
		l.p++;
		l.len--;
	}
	return l.len >= 3 && (l.p[0] | 0x20) >= 'a' && (l.p[0] | 0x20) <= 'h' &&
	       (l.p[1] == '.' || l.p[1] == ')' || l.p[1] == ':') &&
	       l.p[2] == ' ';
}

static bool is_heading(struct str l)
{
	size_t i = 0;

	while (i < l.len && i < 7 && l.p[i] == '#')
		i++;
	return i && i < 7 && i < l.len && l.p[i] == ' ';
}

static bool is_trace_line(struct str l)
{
	return str_starts(l, "Traceback (most recent call") ||
	       str_starts(l, "File \"") || str_starts(l, "goroutine ") ||
	       str_starts(l, "Caused by:") ||
	       (str_starts(l, "at ") && l.p[l.len - 1] == ')') ||
	       (l.p[0] == '#' && l.len > 3 && is_digit(l.p[1]) &&
		str_contains(l, " in "));
}

static bool is_diff_line(struct str l)
{
	return str_starts(l, "@@ ") || str_starts(l, "+++ ") ||
	       str_starts(l, "--- ") || str_starts(l, "diff ");
}

/* The counter that a line's first bytes call for, or NULL; `l` is without
 * blanks at both ends and not empty. */
static uint64_t *line_counter(struct text_stats *s, struct str l)
{
	switch (l.p[0]) {
	case '`':
		return str_starts(l, "```") ? &s->fences : NULL;
	case '~':
		return str_starts(l, "~~~") ? &s->fences : NULL;
	case '>':
		return str_starts(l, "> ") ? &s->quote_lines : NULL;
	case '(':
		return is_choice_line(l) ? &s->choice_lines : NULL;
	case '#':
		if (is_heading(l))
			return &s->heading_lines;
		return is_trace_line(l) ? &s->trace_lines : NULL;
	case '-':
	case '+':
	case '*':
	case '@':
		if (is_list_line(l))
			return &s->list_lines;
		return is_diff_line(l) ? &s->diff_lines : NULL;
	default:
		break;
	}
	if (is_digit(l.p[0]))
		return is_list_line(l) ? &s->list_lines : NULL;
	if (is_choice_line(l))
		return &s->choice_lines;
	if (memchr("TFgCa", l.p[0], 5) && is_trace_line(l))
		return &s->trace_lines;
	return l.p[0] == 'd' && is_diff_line(l) ? &s->diff_lines : NULL;
}

static void scan_line(struct scan *sc, struct str line)
{
	struct text_stats *s = sc->s;
	struct str l = str_trim(line);
	const char *p = l.p, *end = l.p + l.len;
	uint64_t *counter;

	if (!l.len) {
		s->blank_lines++;
		return;
	}
	s->lines++;
	if (line.len > s->line_max)
		s->line_max = line.len;
	if (line.p[0] == '\t' || str_starts(line, "  "))
		s->indent_lines++;
	counter = line_counter(s, l);
	if (counter)
		++*counter;
	while (p < end) {
		if (byte_kind(*p) & B_BLANK)
			p++;
		else
			p = scan_token(sc, p, end);
	}
}

/* ---- bytes ---- */

static uint64_t sum_of(const uint64_t *n, const char *bytes)
{
	uint64_t sum = 0;

	for (; *bytes; bytes++)
		sum += n[(unsigned char)*bytes];
	return sum;
}

/* First bytes of UTF-8 sequences tell the script well enough. */
static void count_scripts(struct text_stats *s, const uint64_t *n)
{
	for (int c = 0xc2; c < 0xf5; c++) {
		if (c < 0xcb)
			s->latin += n[c];
		else if (c < 0xd5)
			s->cyrillic += n[c]; /* and Greek, Armenian */
		else if (c < 0xe0)
			s->arabic += n[c]; /* and Hebrew */
		else if (c < 0xe2)
			s->indic += n[c]; /* and Thai, Georgian */
		else if (c > 0xe2 && c < 0xee)
			s->east_asian += n[c];
		else
			s->symbols += n[c];
	}
}

static void count_bytes(struct text_stats *s, struct str text)
{
	uint64_t n[256] = {0}, odd[256] = {0};
	size_t i = 0;

	/* Two tables: runs of one byte would wait for each other. */
	for (; i + 1 < text.len; i += 2) {
		n[(unsigned char)text.p[i]]++;
		odd[(unsigned char)text.p[i + 1]]++;
	}
	if (i < text.len)
		n[(unsigned char)text.p[i]]++;
	for (int c = 0; c < 256; c++)
		n[c] += odd[c];
	for (int c = 0; c < 256; c++) {
		unsigned kind = byte_kinds[c];

		s->lower += kind == B_LOWER ? n[c] : 0;
		s->upper += kind == B_UPPER ? n[c] : 0;
		s->digit += kind == B_DIGIT ? n[c] : 0;
		s->high += kind == B_HIGH ? n[c] : 0;
		s->space += kind == B_BLANK ? n[c] : 0;
		if (c > ' ' && c < 0x7f &&
		    !(kind & (B_LOWER | B_UPPER | B_DIGIT)))
			s->punct += n[c];
	}
	s->bracket = sum_of(n, "()[]{}");
	s->operators = sum_of(n, "=<>+*&|%^~");
	s->math = sum_of(n, "$\\");
	s->quote = sum_of(n, "\"`");
	s->question = n['?'];
	count_scripts(s, n);
}

void text_stats_read(struct text_stats *s, struct str text)
{
	struct scan sc = {.s = s};
	const char *p = text.p, *end;

	memset(s, 0, sizeof(*s));
	s->bytes = text.len;
	if (text.len > TEXT_READ_MAX)
		text.len = TEXT_READ_MAX;
	s->read = text.len;
	if (!text.len)
		return;
	pthread_once(&buckets_once, buckets_fill);
	count_bytes(s, text);
	end = text.p + text.len;
	sc.gram_end = text.len > TEXT_GRAM_READ ? p + TEXT_GRAM_READ : end;
	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		const char *stop = nl ? nl : end;

		scan_line(&sc, (struct str){p, (size_t)(stop - p)});
		p = nl ? nl + 1 : end;
	}
	for (size_t i = 0; i < TEXT_BLOOM_BITS / 64; i++)
		s->distinct_bits += (unsigned)__builtin_popcountll(sc.bloom[i]);
}
