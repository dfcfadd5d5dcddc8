/* How long a provider wants to be left alone: Retry-After in its three
 * spellings. */
#include <stdio.h>
#include <stdlib.h>

#include "ingest/gw_int.h"
#include "ledger/base/clock.h"

enum {
	NUMBER_MAX = 32, /* bytes */
	DATE_LEN = 29    /* "Sun, 06 Nov 1994 08:49:37 GMT" */
};
#define DAY_MS 86400000.0

/* "1500", "1.5": digits and at most one point. Below a day, in milliseconds of
 * `unit`; else -1. */
static double number(struct str s, double unit)
{
	char text[NUMBER_MAX];
	double ms;

	if (!s.len || s.len >= sizeof(text) || s.p[0] == '.')
		return -1;
	for (size_t i = 0, points = 0; i < s.len; i++) {
		if (s.p[i] == '.' && !points)
			points++;
		else if (s.p[i] < '0' || s.p[i] > '9')
			return -1;
	}
	memcpy(text, s.p, s.len);
	text[s.len] = 0;
	ms = strtod(text, NULL) * unit;
	return ms < DAY_MS ? ms : -1;
}

/* The one form of RFC 9110 5.6.7 that is still sent; -1: it is none. */
static int64_t date(struct str s)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char text[40];
	int64_t us;
	int month = 0;

	if (s.len != DATE_LEN || memcmp(s.p + 3, ", ", 2) != 0 ||
	    memcmp(s.p + 25, " GMT", 4) != 0)
		return -1;
	while (month < 12 && memcmp(months + 3 * month, s.p + 8, 3) != 0)
		month++;
	snprintf(text, sizeof(text), "%.4s-%02d-%.2sT%.8sZ", s.p + 12,
		 month + 1, s.p + 5, s.p + 17);
	return month < 12 && clock_parse(str_from(text), &us) && us >= 0 ? us
									 : -1;
}

int64_t gw_wait_asked(struct str ms, struct str s, int64_t now_us)
{
	double n = number(ms, 1);
	int64_t at;

	if (n < 0)
		n = number(s, 1000);
	if (n >= 0)
		return (int64_t)(n * 1000);
	at = date(s);
	if (at < 0 || at - now_us >= US_PER_DAY)
		return -1;
	return at > now_us ? at - now_us : 0;
}
