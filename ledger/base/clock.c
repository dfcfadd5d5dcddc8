/* Dates are computed here and not by libc: exact, without locale or zone, and
 * fast enough for every line of a transcript. The civil-date formulas count
 * years from March, so that the leap day is the last day of the year. */
#include "ledger/base/clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static _Atomic int64_t fixed_us = TIME_NONE;
static pthread_once_t started = PTHREAD_ONCE_INIT;

/* ACO_NOW: a time, or whole microseconds. */
static void read_env(void)
{
	struct str s = str_from(getenv("ACO_NOW"));
	int64_t us;

	if (s.p && (clock_parse(s, &us) || str_i64(s, &us)))
		atomic_store(&fixed_us, us);
}

static int64_t read_clock(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * US_PER_SEC + ts.tv_nsec / 1000;
}

int64_t clock_now_us(void)
{
	int64_t us;

	pthread_once(&started, read_env);
	us = atomic_load(&fixed_us);
	return us == TIME_NONE ? read_clock(CLOCK_REALTIME) : us;
}

int64_t clock_mono_us(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

void clock_fix(int64_t now_us)
{
	pthread_once(&started, read_env);
	atomic_store(&fixed_us, now_us);
}

/* Rounds down, also below zero. d > 0. */
static int64_t floor_div(int64_t n, int64_t d)
{
	return n / d - (n % d < 0);
}

int32_t clock_day(int64_t us)
{
	if (us == TIME_NONE)
		return DAY_UNDATED;
	return (int32_t)floor_div(us, US_PER_DAY);
}

static int64_t days_from_civil(int64_t y, int m, int d)
{
	int64_t era, yoe, doy, doe;

	y -= m <= 2;
	era = floor_div(y, 400);
	yoe = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
	return era * 146097 + doe - 719468;
}

static void civil_from_days(int64_t z, int64_t *y, int *m, int *d)
{
	int64_t era, doe, yoe, doy, mp;

	z += 719468;
	era = floor_div(z, 146097);
	doe = z - era * 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	*d = (int)(doy - (153 * mp + 2) / 5 + 1);
	*m = (int)(mp < 10 ? mp + 3 : mp - 9);
	*y = yoe + era * 400 + (*m <= 2);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Takes exactly n digits from the front of *s. */
static bool take_digits(struct str *s, size_t n, int *out)
{
	int v = 0;

	if (s->len < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!is_digit(s->p[i]))
			return false;
		v = v * 10 + (s->p[i] - '0');
	}
	s->p += n;
	s->len -= n;
	*out = v;
	return true;
}

/* Takes one character of `set` from the front of *s; 0 if it is another. */
static char take_one(struct str *s, const char *set)
{
	char c = s->len ? s->p[0] : 0;

	if (!c || !strchr(set, c))
		return 0;
	s->p++;
	s->len--;
	return c;
}

static bool take_date(struct str *s, int64_t *day)
{
	static const int month_days[] = {31, 28, 31, 30, 31, 30,
					 31, 31, 30, 31, 30, 31};
	int y, m, d, last;

	if (!take_digits(s, 4, &y) || !take_one(s, "-") ||
	    !take_digits(s, 2, &m) || !take_one(s, "-") ||
	    !take_digits(s, 2, &d))
		return false;
	if (y < 1 || m < 1 || m > 12)
		return false;
	last = month_days[m - 1];
	if (m == 2 && y % 4 == 0 && (y % 100 != 0 || y % 400 == 0))
		last = 29;
	if (d < 1 || d > last)
		return false;
	*day = days_from_civil(y, m, d);
	return true;
}

static bool take_time(struct str *s, int64_t *us)
{
	int h, min, sec = 0, frac = 0, unit = 100000;

	if (!take_digits(s, 2, &h) || !take_one(s, ":") ||
	    !take_digits(s, 2, &min))
		return false;
	if (take_one(s, ":")) {
		if (!take_digits(s, 2, &sec))
			return false;
		if (take_one(s, ".,")) {
			if (!s->len || !is_digit(s->p[0]))
				return false;
			for (; s->len && is_digit(s->p[0]); s->p++, s->len--) {
				frac += (s->p[0] - '0') * unit;
				unit /= 10;
			}
		}
	}
	/* A leap second counts as the first second of the next minute. */
	if (h > 23 || min > 59 || sec > (min == 59 ? 60 : 59))
		return false;
	*us = ((int64_t)h * 3600 + min * 60 + sec) * US_PER_SEC + frac;
	return true;
}

static bool take_zone(struct str *s, int64_t *offset_us)
{
	int h, min = 0;
	char sign;

	*offset_us = 0;
	if (!s->len || take_one(s, "Zz"))
		return true;
	sign = take_one(s, "+-");
	if (!sign || !take_digits(s, 2, &h))
		return false;
	if (s->len) {
		take_one(s, ":");
		if (!take_digits(s, 2, &min))
			return false;
	}
	if (h > 23 || min > 59)
		return false;
	*offset_us = ((int64_t)h * 3600 + min * 60) * US_PER_SEC;
	if (sign == '-')
		*offset_us = -*offset_us;
	return true;
}

bool clock_parse(struct str s, int64_t *us)
{
	int64_t day, time_us = 0, offset_us = 0;

	if (!take_date(&s, &day))
		return false;
	if (s.len) {
		if (!take_one(&s, "Tt ") || !take_time(&s, &time_us) ||
		    !take_zone(&s, &offset_us))
			return false;
	}
	if (s.len)
		return false;
	*us = day * US_PER_DAY + time_us - offset_us;
	return true;
}

/* n digits of v and a sign; returns what is behind it. */
static char *put_digits(char *p, int64_t v, int n, char sign)
{
	for (int i = n - 1; i >= 0; i--, v /= 10)
		p[i] = (char)('0' + v % 10);
	p[n] = sign;
	return p + n + 1;
}

char *clock_format(int64_t us, char *buf, size_t size)
{
	int64_t day, rest, sec, y;
	char *p;
	int m, d;

	if (us == TIME_NONE) {
		buf[0] = 0;
		return buf;
	}
	day = floor_div(us, US_PER_DAY);
	rest = us % US_PER_DAY;
	if (rest < 0)
		rest += US_PER_DAY;
	sec = rest / US_PER_SEC;
	civil_from_days(day, &y, &m, &d);
	if (size < sizeof("2026-11-28T00:00:00.000000Z") || y < 0 || y > 9999) {
		snprintf(buf, size, "%04lld-%02d-%02dT%02d:%02d:%02d.%06dZ",
			 (long long)y, m, d, (int)(sec / 3600),
			 (int)(sec / 60 % 60), (int)(sec % 60),
			 (int)(rest % US_PER_SEC));
		return buf;
	}
	/* Every line of the journal has some. */
	p = put_digits(buf, y, 4, '-');
	p = put_digits(p, m, 2, '-');
	p = put_digits(p, d, 2, 'T');
	p = put_digits(p, sec / 3600, 2, ':');
	p = put_digits(p, sec / 60 % 60, 2, ':');
	p = put_digits(p, sec % 60, 2, '.');
	p = put_digits(p, rest % US_PER_SEC, 6, 'Z');
	*p = 0;
	return buf;
}

char *clock_format_sec(int64_t us, char *buf, size_t size)
{
	char *dot = strrchr(clock_format(us, buf, size), '.');

	if (dot)
		memcpy(dot, "Z", 2);
	return buf;
}

char *clock_format_day(int32_t day, char *buf, size_t size)
{
	int64_t y;
	int m, d;

	civil_from_days(day, &y, &m, &d);
	snprintf(buf, size, "%04lld-%02d-%02d", (long long)y, m, d);
	return buf;
}

bool clock_zone_known(const char *zone)
{
	const char *dir = getenv("TZDIR");
	char path[512];
	struct stat st;

	if (!strcmp(zone, "UTC"))
		return true;
	if (zone[0] == '\0' || zone[0] == '/' || strstr(zone, ".."))
		return false;
	dir = dir ? dir : "/usr/share/zoneinfo";
	if (access(dir, X_OK) != 0)
		return true;
	snprintf(path, sizeof(path), "%s/%s", dir, zone);
	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}
