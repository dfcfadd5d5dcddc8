/* Everything that looks like chance: hashes of what is asked, mixed with the
 * seed. */
#include <math.h>
#include <stdlib.h>

#include "ingest/mock_int.h"

/* The finaliser of splitmix64 (Steele et al., 2014). */
static uint64_t finish(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

uint64_t mock_mix(uint64_t a, uint64_t b)
{
	return finish(a ^ finish(b));
}

uint64_t mock_hash(uint64_t seed, const void *p, size_t n)
{
	const unsigned char *s = p;
	uint64_t h = seed, w;

	for (; n >= 8; n -= 8, s += 8) {
		memcpy(&w, s, 8);
		h = (h ^ w) * UINT64_C(0xff51afd7ed558ccd);
		h ^= h >> 32;
	}
	w = n;
	for (size_t i = 0; i < n; i++)
		w = w << 8 | s[i];
	return finish(h ^ w);
}

double mock_unit(uint64_t h)
{
	return (double)(h >> 11) / 9007199254740992.0;
}

/* ---- time ---- */

static bool number(const char **p, double *out)
{
	char *end;

	*out = strtod(*p, &end);
	if (end == *p || !(*out >= 0) || *out > 1e7)
		return false;
	*p = end;
	return true;
}

enum rc mock_time_parse(struct mock_time *t, const char *text, struct err *e)
{
	const char *p = text;
	bool ok;

	*t = (struct mock_time){MOCK_FIXED, 0, 0};
	if (!strncmp(p, "ln:", 3)) {
		p += 3;
		t->kind = MOCK_LOGNORMAL;
		ok = number(&p, &t->a) && *p == ':' && (p++, true) &&
		     number(&p, &t->b);
	} else {
		ok = number(&p, &t->a);
		if (ok && *p == '-') {
			p++;
			t->kind = MOCK_EVEN;
			ok = number(&p, &t->b) && t->b >= t->a;
		}
	}
	if (!ok || *p)
		return err_set(e, RC_BAD,
			       "'%s' is no time: 20, 10-50 or ln:200:0.5",
			       text);
	return RC_OK;
}

/* Box and Muller, with the second number out of the first. */
static double normal(double u)
{
	double v = mock_unit(finish((uint64_t)(u * 9007199254740992.0)));

	return sqrt(-2 * log(u > 0 ? u : 1e-300)) * cos(6.283185307179586 * v);
}

int64_t mock_time_us(const struct mock_time *t, double u)
{
	double ms = t->a;

	if (t->kind == MOCK_EVEN)
		ms = t->a + (t->b - t->a) * u;
	else if (t->kind == MOCK_LOGNORMAL)
		ms = t->a * exp(t->b * normal(u));
	if (!(ms < 1e7)) /* also where 0 was taken infinitely often */
		ms = t->a > 0 ? 1e7 : 0;
	return (int64_t)(ms * 1000);
}

/* ---- verdicts ---- */

double mock_strength(const struct mock_conf *c, struct str model)
{
	size_t n = model.len;
	const char *p = model.p;

	for (int i = 0; i < c->n_strength; i++)
		if (str_is(model, c->strength[i].model))
			return c->strength[i].strength;
	if (n > 3 && p[n - 3] == '-' && p[n - 2] >= '0' && p[n - 2] <= '9' &&
	    p[n - 1] >= '0' && p[n - 1] <= '9')
		return ((p[n - 2] - '0') * 10 + p[n - 1] - '0') / 100.0;
	return 0.5;
}

double mock_chance(double strength, double difficulty)
{
	return 1 / (1 + exp(10 * (difficulty - strength)));
}

bool mock_verdict(const struct mock_conf *c, struct str task, struct str model,
		  double difficulty)
{
	uint64_t of_task = mock_hash(mock_mix(c->seed, 1), task.p, task.len);
	uint64_t of_both = mock_hash(of_task, model.p, model.len);
	bool shared = mock_unit(mock_mix(of_both, 2)) < c->correlation;
	double u = mock_unit(shared ? of_task : of_both);

	return u < mock_chance(mock_strength(c, model), difficulty);
}
