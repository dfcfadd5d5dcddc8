#include "tui/fmt.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ledger/base/clock.h"
#include "ledger/money.h"

/* ---- zones ---- */

bool fmt_set_zone(const char *zone)
{
	/* tzset() takes any name and silently means UTC. */
	if (!clock_zone_known(zone))
		return false;
	setenv("TZ", zone, 1);
	tzset();
	return true;
}

/* Whole seconds at or before `us`, also before 1970. */
static time_t seconds(int64_t us)
{
	int64_t s = us / US_PER_SEC;

	return (time_t)(us % US_PER_SEC < 0 ? s - 1 : s);
}

static void local(int64_t us, struct tm *tm)
{
	time_t s = seconds(us);

	if (!localtime_r(&s, tm))
		memset(tm, 0, sizeof(*tm));
}

char *fmt_zone(int64_t us, char *buf)
{
	struct tm tm;

	local(us, &tm);
	if (strftime(buf, FMT_TEXT, "%Z", &tm) == 0)
		snprintf(buf, FMT_TEXT, "UTC");
	return buf;
}

int64_t fmt_midnight(int64_t us)
{
	struct tm tm;
	time_t s;

	local(us, &tm);
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_isdst = -1;
	s = mktime(&tm);
	return (int64_t)s * US_PER_SEC;
}

/* ---- numbers ---- */

static char point[8] = ".", thousands[8] = ",";

void fmt_set_digits(const char *p, const char *t)
{
	snprintf(point, sizeof(point), "%s", *p && strlen(p) <= 4 ? p : ".");
	snprintf(thousands, sizeof(thousands), "%s", strlen(t) <= 4 ? t : ",");
}

/* A figure written with "." and "," as it is written here; once for each. */
static char *here(char *buf)
{
	char out[FMT_TEXT];
	size_t n = 0;

	if (!strcmp(point, ".") && !strcmp(thousands, ","))
		return buf;
	for (const char *s = buf; *s && n + 5 < sizeof(out); s++) {
		char one[2] = {*s, '\0'};
		const char *put = *s == '.'   ? point
				  : *s == ',' ? thousands
					      : one;

		n += (size_t)snprintf(out + n, sizeof(out) - n, "%s", put);
	}
	out[n] = '\0';
	memcpy(buf, out, n + 1);
	return buf;
}

/* "12.3k": three significant digits of n / unit. */
static char *scaled(int64_t n, int64_t unit, char suffix, char *buf)
{
	int64_t hundredths = n / (unit / 100);
	int64_t whole = hundredths / 100, rest = hundredths % 100;

	if (whole >= 100)
		snprintf(buf, FMT_TEXT, "%" PRId64 "%c", whole, suffix);
	else if (whole >= 10)
		snprintf(buf, FMT_TEXT, "%" PRId64 ".%" PRId64 "%c", whole,
			 rest / 10, suffix);
	else
		snprintf(buf, FMT_TEXT, "%" PRId64 ".%02" PRId64 "%c", whole,
			 rest, suffix);
	return here(buf);
}

char *fmt_count(int64_t n, char *buf)
{
	if (n < 10000)
		return fmt_digits(n, buf);
	if (n < 1000000)
		return scaled(n, 1000, 'k', buf);
	if (n < 1000000000)
		return scaled(n, 1000000, 'M', buf);
	if (n < INT64_C(1000000000000))
		return scaled(n, 1000000000, 'G', buf);
	return scaled(n, INT64_C(1000000000000), 'T', buf);
}

/* Decimal digits in groups of three. */
static char *grouped(unsigned __int128 n, bool minus, const char *unit,
		     char *buf)
{
	char rev[FMT_TEXT];
	int len = 0, out = 0;

	do {
		if (len % 4 == 3)
			rev[len++] = ',';
		rev[len++] = (char)('0' + (int)(n % 10));
		n /= 10;
	} while (n > 0 && len < FMT_TEXT - 8);
	if (minus)
		buf[out++] = '-';
	while (*unit)
		buf[out++] = *unit++;
	while (len > 0)
		buf[out++] = rev[--len];
	buf[out] = '\0';
	return here(buf);
}

char *fmt_digits(int64_t n, char *buf)
{
	return grouped(n < 0 ? -(unsigned __int128)n : (unsigned __int128)n,
		       n < 0, "", buf);
}

char *fmt_percent(int64_t micro, char *buf)
{
	int64_t tenths = (micro + 500) / 1000;

	if (micro > 0 && tenths == 0)
		snprintf(buf, FMT_TEXT, "<0.1%%");
	else if (micro < 1000000 && tenths >= 1000)
		snprintf(buf, FMT_TEXT, "99.9%%");
	else if (tenths >= 1000 || tenths == 0 || tenths % 10 == 0)
		snprintf(buf, FMT_TEXT, "%" PRId64 "%%", tenths / 10);
	else
		snprintf(buf, FMT_TEXT, "%" PRId64 ".%" PRId64 "%%",
			 tenths / 10, tenths % 10);
	return here(buf);
}

char *fmt_change(int64_t micro, char *buf)
{
	char text[FMT_TEXT];
	uint64_t n = micro < 0 ? -(uint64_t)micro : (uint64_t)micro;

	if (micro >= 9000000)
		snprintf(buf, FMT_TEXT, "x%" PRId64, micro / 1000000 + 1);
	else if (n >= 1000000)
		snprintf(buf, FMT_TEXT, "%c%" PRIu64 "%%",
			 micro < 0 ? '-' : '+', (n + 5000) / 10000);
	else
		snprintf(buf, FMT_TEXT, "%s%.40s",
			 micro == 0  ? ""
			 : micro < 0 ? "-"
				     : "+",
			 fmt_percent((int64_t)n, text));
	return buf;
}

char *fmt_span(int64_t us, char *buf)
{
	const char *sign = us < 0 ? "-" : "";
	int64_t n = us < 0 ? -(us + 1) : us;
	int64_t s = n / US_PER_SEC;

	if (n < 1000)
		snprintf(buf, FMT_TEXT, "%s%" PRId64 "us", sign, n);
	else if (s < 1)
		snprintf(buf, FMT_TEXT, "%s%" PRId64 "ms", sign, n / 1000);
	else if (s < 60)
		snprintf(buf, FMT_TEXT, "%s%" PRId64 ".%" PRId64 "s", sign, s,
			 n % US_PER_SEC / (US_PER_SEC / 10));
	else if (s < 3600)
		snprintf(buf, FMT_TEXT, "%s%" PRId64 "m%02" PRId64 "s", sign,
			 s / 60, s % 60);
	else if (s < 86400)
		snprintf(buf, FMT_TEXT, "%s%" PRId64 "h%02" PRId64 "m", sign,
			 s / 3600, s % 3600 / 60);
	else
		snprintf(buf, FMT_TEXT, "%s%" PRId64 "d%02" PRId64 "h", sign,
			 s / 86400, s % 86400 / 3600);
	return here(buf);
}

char *fmt_time(int64_t us, char *buf)
{
	struct tm tm;

	if (us == TIME_NONE) {
		snprintf(buf, FMT_TEXT, "-");
		return buf;
	}
	local(us, &tm);
	strftime(buf, FMT_TEXT, "%Y-%m-%d %H:%M:%S", &tm);
	return buf;
}

char *fmt_time_near(int64_t us, int64_t now, char *buf)
{
	struct tm then, today;

	if (us == TIME_NONE)
		return fmt_time(us, buf);
	local(us, &then);
	local(now, &today);
	if (then.tm_year == today.tm_year)
		strftime(buf, FMT_TEXT, "%m-%d %H:%M:%S", &then);
	else
		strftime(buf, FMT_TEXT, "%Y-%m-%d %H:%M", &then);
	return buf;
}

/* ---- money ---- */

char *fmt_money(__int128 pusd, char *buf)
{
	const __int128 edge = INT64_MAX;

	if (pusd <= edge && pusd >= -edge)
		return here(money_format_short((int64_t)pusd, buf));
	return grouped((unsigned __int128)(pusd < 0 ? -pusd : pusd) /
			       (unsigned __int128)PUSD_PER_USD,
		       pusd < 0, "$", buf);
}

/* n / 10^places, exact, without trailing zeros. */
static char *decimal(__int128 n, int places, char *buf)
{
	unsigned __int128 u =
		n < 0 ? -(unsigned __int128)n : (unsigned __int128)n;
	char rev[FMT_TEXT];
	int len = 0, out = 0, skip = 0;

	while (u > 0 || len <= places) {
		rev[len++] = (char)('0' + (int)(u % 10));
		u /= 10;
	}
	while (skip < places && rev[skip] == '0')
		skip++;
	if (n < 0)
		buf[out++] = '-';
	while (len > places)
		buf[out++] = rev[--len];
	if (skip < places)
		buf[out++] = '.';
	while (len > skip)
		buf[out++] = rev[--len];
	buf[out] = '\0';
	return buf;
}

char *fmt_money_exact(__int128 pusd, char *buf)
{
	return decimal(pusd, 12, buf);
}

char *fmt_micro_exact(int64_t micro, char *buf)
{
	return decimal(micro, 6, buf);
}
