#include "ledger/base/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ledger/base/clock.h"

#define FRAME_US (US_PER_SEC / 10)
#define BAR_MAX  20

void progress_start(struct progress *p, const char *label, int64_t total)
{
	const char *term = getenv("TERM");

	*p = (struct progress){
		.label = label, .total = total, .start_us = clock_mono_us()};
	p->tty = isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
}

static int terminal_columns(void)
{
	struct winsize w;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0)
		return w.ws_col;
	return 80;
}

/* 1234567 -> "1,234,567". size >= 28. */
static void group_digits(int64_t v, char *out, size_t size)
{
	char digits[24];
	size_t n, at = 0;

	n = (size_t)snprintf(digits, sizeof(digits), "%lld", (long long)v);
	for (size_t i = 0; i < n && at + 2 < size; i++) {
		out[at++] = digits[i];
		if (n - i > 1 && (n - i) % 3 == 1 && digits[i] != '-')
			out[at++] = ',';
	}
	out[at] = 0;
}

static void format_left(int64_t sec, char *out, size_t size)
{
	if (sec >= 3600)
		snprintf(out, size, "%lld:%02d:%02d", (long long)(sec / 3600),
			 (int)(sec / 60 % 60), (int)(sec % 60));
	else
		snprintf(out, size, "%02d:%02d", (int)(sec / 60),
			 (int)(sec % 60));
}

/* The line without cursor movements; ASCII. Returns its length. */
static size_t format_line(const struct progress *p, int64_t now_us, char *line,
			  size_t size)
{
	double part = p->total > 0 ? (double)p->done / (double)p->total : 0;
	double sec = (double)(now_us - p->start_us) / (double)US_PER_SEC;
	double speed = sec > 0 ? (double)p->done / sec : 0;
	char bar[BAR_MAX + 1], rows[28], left[24] = "--:--";
	int n;

	part = part < 0 ? 0 : part > 1 ? 1 : part;
	for (int i = 0; i < BAR_MAX; i++)
		bar[i] = (double)i < part * BAR_MAX ? '#' : '-';
	bar[BAR_MAX] = 0;
	group_digits(p->rows, rows, sizeof(rows));
	if (speed > 0 && p->total >= p->done) {
		double s = (double)(p->total - p->done) / speed;

		if (s < 360000)
			format_left((int64_t)s, left, sizeof(left));
	}
	/* Without rows the unit is no bytes. */
	if (p->rows > 0)
		n = snprintf(line, size,
			     "%s  [%s] %3d %%  %.1f MB/s  %s rows  left %s",
			     p->label, bar, (int)(part * 100), speed / 1e6,
			     rows, left);
	else
		n = snprintf(line, size, "%s  [%s] %3d %%  left %s", p->label,
			     bar, (int)(part * 100), left);
	return n < 0 ? 0 : (size_t)n < size ? (size_t)n : size - 1;
}

static void draw(struct progress *p, int64_t now_us)
{
	char line[256];
	size_t n = format_line(p, now_us, line, sizeof(line));
	size_t columns = (size_t)terminal_columns();

	if (n >= columns) /* a wrapped line could not be erased */
		n = columns - 1;
	fprintf(stderr, "\r%.*s\033[K", (int)n, line);
	fflush(stderr);
	p->drawn_us = now_us;
}

void progress_update(struct progress *p, int64_t done, int64_t rows)
{
	int64_t now;

	p->done = done;
	p->rows = rows;
	if (!p->tty)
		return;
	now = clock_mono_us();
	if (now - p->drawn_us >= FRAME_US)
		draw(p, now);
}

void progress_clear(struct progress *p)
{
	if (p->tty && p->drawn_us)
		fputs("\r\033[K", stderr);
	p->drawn_us = 0;
}

void progress_end(struct progress *p)
{
	progress_clear(p);
	p->tty = false;
}
