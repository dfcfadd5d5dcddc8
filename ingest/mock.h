/* A model provider that is none: both protocols, whole and streamed, with
 * usage, caching, log-probabilities, tool calls, and every way of failing that
 * real ones have. It is for tests, benchmarks and demonstrations; what it says
 * depends on its seed and the request alone.
 *
 * A task is named in the prompt: "[[task=42 difficulty=0.7]]". Whether a model
 * solves it is drawn from P = 1 / (1 + e^(10 (difficulty - strength))), by a
 * hash of seed, task and model: asked again, it is the same. The reply begins
 * with "[[verdict=pass task=42 model=m]]", and GET /mock/verdict tells it too.
 * A model's strength is given, or its name ends in two digits ("mock-70" has
 * 0.7), or it is 0.5. Log-probabilities are better where the verdict is.
 *
 * "[[call NAME {...}]]" in the first prompt makes the first reply a call of
 * that tool. Signed thinking and encrypted reasoning are made where they are
 * asked for, and refused when another family made them: a family is a name
 * without its two digits.
 *
 * How a reply goes wrong is chosen by the header x-mock, else by the model's
 * name ("mock-429", "mock-stall", or "any-model+cut"), else by the options;
 * mock_behaviour.c has the names. */
#ifndef ACO_MOCK_H
#define ACO_MOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "ingest/http.h"
#include "ledger/base/err.h"

struct loop;
struct mock;

/* How long something takes: "20", "10-50" (evenly), "ln:200:0.5" (log-normal,
 * median and sigma), in milliseconds. */
struct mock_time {
	enum {
		MOCK_FIXED,
		MOCK_EVEN,
		MOCK_LOGNORMAL
	} kind;
	double a, b;
};
enum rc mock_time_parse(struct mock_time *t, const char *text,
			struct err *e) MUST_CHECK;
/* Microseconds, for u in [0, 1). */
int64_t mock_time_us(const struct mock_time *t, double u);

enum mock_rate { /* how a share of the requests goes wrong */
	MOCK_RATE_429,
	MOCK_RATE_500,
	MOCK_RATE_529,
	MOCK_RATE_CUT,
	MOCK_RATE_RESET,
	MOCK_RATE_STALL,
	MOCK_RATE_N
};

enum {
	MOCK_STRENGTHS = 64
};

struct mock_conf {
	uint64_t seed;
	uint64_t number_from; /* replies are numbered from here; their ids
				 follow from seed and number */
	const char *behave;   /* of all requests; NULL: well */
	double rate[MOCK_RATE_N];
	struct mock_time first, gap; /* to the first token; between tokens */
	int tokens;                  /* of a reply, about; at least 1 */
	int per_second;              /* requests; 0: any number */
	const char *key;             /* NULL: anyone may call */
	bool no_cache;
	double correlation; /* share of (task, model) that share their draw with
			       all models */
	const char *script; /* JSON lines, see mock_script.h; NULL: none */
	const char *log; /* a JSON line for each reply is written; NULL: none */
	int fixed; /* bytes of text of replies that are always the same, made
		      without reading the request; 0: none such */
	struct {
		char model[128];
		double strength;
	} strength[MOCK_STRENGTHS];
	int n_strength;
};
void mock_conf_default(struct mock_conf *c);

/* RC_BAD, RC_DOWN: the script or the log. The configuration's strings are
 * borrowed. */
enum rc mock_new(struct mock **out, struct loop *l, const struct mock_conf *c,
		 struct err *e) MUST_CHECK;
/* After the server on it is freed. */
void mock_free(struct mock *m);
/* For http_opts.routes; their `arg` is the mock. */
extern const struct http_route mock_routes[];

/* Strength and verdict, as above. */
double mock_strength(const struct mock_conf *c, struct str model);
double mock_chance(double strength, double difficulty);
bool mock_verdict(const struct mock_conf *c, struct str task, struct str model,
		  double difficulty);

#endif
