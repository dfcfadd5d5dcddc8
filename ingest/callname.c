#include "ingest/callname.h"

#include <stdio.h>

#include "ledger/base/clock.h"
#include "ledger/event.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* What follows a prefix such as "msg_" or "chatcmpl-": lower-case letters, at
 * most twelve. */
static struct str past_prefix(struct str id)
{
	for (size_t i = 0; i < id.len && i <= 12; i++) {
		char c = id.p[i];
		if (i > 0 && (c == '_' || c == '-'))
			return (struct str){id.p + i + 1, id.len - i - 1};
		if (c < 'a' || c > 'z')
			break;
	}
	return id;
}

bool callname_unique(struct str id)
{
	struct str s = past_prefix(id);
	int letters = 0, digits = 0;
	uint64_t seen = 0; /* a bit for each of 64 classes of characters */

	for (size_t i = 0; i < s.len; i++) {
		if (is_digit(s.p[i]))
			digits++;
		else if (is_letter(s.p[i]))
			letters++;
		else
			continue;
		seen |= UINT64_C(1) << (s.p[i] & 63);
	}
	return letters + digits >= 16 && letters > 0 && digits > 0 &&
	       __builtin_popcountll(seen) >= 6;
}

bool callname_sample(struct str id)
{
	static const char *const samples[] = {
		"msg_01XFDUDYJgAACzvnptvVoYEL",
		"msg_013Zva2CMHLNnXjNJJKqJ2EF",
		"chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT",
		"chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG",
		"resp_67ccd2bed1ec8190b14f964abc0542670bb6a6b452d3795b",
		"mAitaLmkHPPlz7IPvtfUqQ4",
	};

	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		if (str_is(id, samples[i]))
			return true;
	}
	return false;
}

/* "SENDER/SESSION", hashed part by part so that no separator can be forged. */
static struct uuid in_session(const char *kind, struct str sender,
			      struct str session, struct str name)
{
	char text[UUID_TEXT];
	struct uuid scope = ev_key("session", sender, session);

	uuid_format(scope, text);
	return ev_key(kind, str_from(text), name);
}

struct uuid callname_response(const char *provider, struct str sender,
			      struct str session, struct str id)
{
	char scope[64];

	if (!callname_unique(id))
		return in_session("response", sender, session, id);
	snprintf(scope, sizeof(scope), "provider:%s", provider);
	return ev_key("response", str_from(scope), id);
}

struct uuid callname_request(struct str sender, struct str session,
			     struct str id)
{
	if (!callname_unique(id))
		return in_session("request", sender, session, id);
	return ev_key("request", sender, id);
}

struct uuid callname_span(struct str trace_hex, struct str span_hex)
{
	return ev_key("span", trace_hex, span_hex);
}

struct uuid callname_client(struct str sender, struct str session,
			    struct str id, int attempt_no)
{
	char kind[32];

	snprintf(kind, sizeof(kind), "client %d", attempt_no);
	if (!callname_unique(id))
		return in_session(kind, sender, session, id);
	return ev_key(kind, sender, id);
}

struct uuid callname_line(struct str sender, struct str session,
			  struct str name)
{
	return in_session("line", sender, session, name);
}

int callname_vector(struct str sender, struct str session,
		    const struct usage *u, int64_t ended_us, struct uuid out[2])
{
	const int64_t window = 60 * US_PER_SEC;
	char name[128];

	if (ended_us == TIME_NONE || ended_us < 0 || usage_missing(u))
		return 0;
	for (int i = 0; i < 2; i++) {
		int64_t slot = (ended_us + i * window / 2) / window;
		int64_t read = u->n[USAGE_CACHE_READ];
		int64_t output = u->n[USAGE_OUTPUT];

		snprintf(name, sizeof(name), "%lld,%lld,%lld,%d:%lld",
			 (long long)usage_prompt_total(u),
			 (long long)(read > 0 ? read : 0),
			 (long long)(output > 0 ? output : 0), i,
			 (long long)slot);
		out[i] = in_session("vector", sender, session, str_from(name));
	}
	return 2;
}
