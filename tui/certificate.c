#include "tui/certificate.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tui/chart.h"
#include "tui/fmt.h"

bool json_micro(const struct json *v, int64_t *micro)
{
	double d;

	if (!json_double(v, &d) || !(fabs(d) < 1e9))
		return false;
	*micro = (int64_t)llround(d * 1e6);
	return true;
}

/* Digits, a fraction, no exponent: what we write. Others go the inexact way,
 * which is what numbers with exponents are. */
bool json_pusd(const struct json *v, __int128 *pusd)
{
	__int128 n = 0, unit = 1000000000000;
	const char *s;
	size_t len, i = 0;
	bool minus;
	double d;

	if (!json_is(v, JSON_NUMBER) && !json_is(v, JSON_STRING))
		return false;
	s = v->text.p;
	len = v->text.len;
	minus = len > 0 && s[0] == '-';
	for (i = minus; i < len && s[i] >= '0' && s[i] <= '9' && i < 20; i++)
		n = n * 10 + (s[i] - '0');
	n *= unit;
	if (i == minus)
		return false;
	if (i < len && s[i] == '.')
		for (i++; i < len && s[i] >= '0' && s[i] <= '9'; i++) {
			unit /= 10;
			n += unit * (s[i] - '0');
		}
	if (i < len) {
		if (!json_double(v, &d) || !(fabs(d) < 1e12))
			return false;
		*pusd = (__int128)(d * 1e12);
		return true;
	}
	*pusd = minus ? -n : n;
	return true;
}

/* ---- notes ---- */

struct reader {
	struct table *t;
	const struct json *cert;
	struct arena arena;
};

static struct str text_at(struct reader *r, const char *path)
{
	return json_str(json_path(r->cert, path), &r->arena);
}

/* "+12%", or "-" when the certificate does not say. */
static const char *change_at(struct reader *r, const char *path, char *buf)
{
	int64_t micro;

	if (!json_micro(json_path(r->cert, path), &micro))
		return "-";
	return fmt_change(micro, buf);
}

static const char *money_at(struct reader *r, const char *path, char *buf)
{
	__int128 pusd;

	if (!json_pusd(json_path(r->cert, path), &pusd))
		return "-";
	return fmt_money(pusd, buf);
}

static void note_gate(struct reader *r)
{
	const struct json *passed = json_path(r->cert, "gate.passed");
	struct str why = text_at(r, "gate.reason");
	char gain[FMT_TEXT], low[FMT_TEXT];

	if (!json_present(json_get(r->cert, "gate")))
		return;
	table_note(r->t, json_true(passed) ? TONE_GOOD : TONE_WARN, "gate",
		   "%s, gain %s (at least %s)%s%.*s",
		   json_true(passed) ? "passed" : "refused",
		   change_at(r, "gate.gain", gain),
		   change_at(r, "gate.gain_low", low), why.len ? ": " : "",
		   STR_ARG(why));
}

static void note_window(struct reader *r)
{
	struct str since = text_at(r, "window.since");
	struct str until = text_at(r, "window.until");
	struct str trained = text_at(r, "trained_at");
	int64_t rows;
	char n[FMT_TEXT];

	if (trained.len)
		table_note(r->t, TONE_PLAIN, "trained", "%.*s %.*s",
			   (int)(trained.len < 10 ? trained.len : 10),
			   trained.p, trained.len < 16 ? 0 : 5,
			   trained.len < 16 ? "" : trained.p + 11);
	if (!since.len && !json_present(json_get(r->cert, "rows")))
		return;
	table_note(r->t, TONE_PLAIN, "learnt from", "%s rows, %.10s to %.10s",
		   json_i64(json_get(r->cert, "rows"), &rows)
			   ? fmt_digits(rows, n)
			   : "-",
		   since.len >= 10 ? since.p : "-",
		   until.len >= 10 ? until.p : "-");
}

static void note_metrics(struct reader *r)
{
	int64_t ece, skill, rows;
	char a[FMT_TEXT] = "-", b[FMT_TEXT] = "-", c[FMT_TEXT] = "-";

	if (!json_present(json_get(r->cert, "metrics")))
		return;
	if (json_micro(json_path(r->cert, "metrics.ece"), &ece))
		fmt_percent(ece, a);
	if (json_micro(json_path(r->cert, "metrics.brier_skill"), &skill))
		fmt_micro_exact(skill / 1000 * 1000, b);
	if (json_i64(json_path(r->cert, "metrics.rows"), &rows))
		fmt_digits(rows, c);
	table_note(r->t, TONE_PLAIN, "calibration",
		   "error %s, Brier skill %s, on %s later rows", a, b, c);
}

static void note_drift(struct reader *r)
{
	struct str state = text_at(r, "drift.state");
	struct str why = text_at(r, "drift.why");
	int64_t psi;
	char text[FMT_TEXT] = "-";

	if (!state.len)
		return;
	if (json_micro(json_path(r->cert, "drift.psi"), &psi))
		fmt_micro_exact(psi / 1000 * 1000, text);
	table_note(r->t, str_is(state, "ok") ? TONE_GOOD : TONE_WARN, "drift",
		   "%.*s, stability index %s%s%.*s", STR_ARG(state), text,
		   why.len ? ": " : "", STR_ARG(why));
}

static void note_preview(struct reader *r)
{
	char saved[FMT_TEXT], low[FMT_TEXT], high[FMT_TEXT], ok[FMT_TEXT];
	__int128 pusd[3];
	int64_t days;

	if (!json_present(json_get(r->cert, "preview")))
		return;
	if (!json_i64(json_path(r->cert, "preview.days"), &days))
		days = 7;
	if (json_pusd(json_path(r->cert, "preview.saved_usd"), &pusd[0]) &&
	    json_pusd(json_path(r->cert, "preview.low"), &pusd[1]) &&
	    json_pusd(json_path(r->cert, "preview.high"), &pusd[2]) &&
	    pusd[0] < 0) {
		table_note(r->t, TONE_WARN, "would have cost",
			   "%s more (%s to %s), last %" PRId64
			   " days, success %s",
			   fmt_money(-pusd[0], saved), fmt_money(-pusd[2], low),
			   fmt_money(-pusd[1], high), days,
			   change_at(r, "preview.success_delta", ok));
		return;
	}
	table_note(r->t, TONE_GOOD, "would have saved",
		   "%s (%s to %s) in the last %" PRId64 " days, success %s",
		   money_at(r, "preview.saved_usd", saved),
		   money_at(r, "preview.low", low),
		   money_at(r, "preview.high", high), days,
		   change_at(r, "preview.success_delta", ok));
}

void certificate_notes(struct table *t, const struct json *cert)
{
	struct reader r = {.t = t, .cert = cert};

	arena_init(&r.arena, 1 << 16);
	note_preview(&r);
	note_gate(&r);
	note_window(&r);
	note_metrics(&r);
	note_drift(&r);
	arena_release(&r.arena);
}

/* ---- pictures ---- */

static void reliability(struct table *t, const struct json *bins)
{
	struct picture *p = picture_new(t, PICTURE_RELIABILITY, "RELIABILITY");
	struct chart_reliability *d;

	if (!p)
		return;
	d = p->u.reliability;
	for (const struct json *v = json_first(bins);
	     v && d->n < RELIABILITY_BINS; v = json_next(bins, v)) {
		if (!json_double(json_get(v, "p"), &d->p[d->n]) ||
		    !json_double(json_get(v, "observed"), &d->observed[d->n]))
			continue;
		if (!json_i64(json_get(v, "n"), &d->count[d->n]))
			d->count[d->n] = 0;
		d->n++;
	}
}

static void plane(struct table *t, const struct json *points)
{
	struct picture *p = picture_new(t, PICTURE_PLANE, "COST AND SUCCESS");
	struct chart_plane *d;

	if (!p)
		return;
	d = p->u.plane;
	for (const struct json *v = json_first(points);
	     v && d->n < PLANE_POINTS; v = json_next(points, v)) {
		struct str name = json_str(json_get(v, "name"), &t->arena);
		struct str kind = json_str(json_get(v, "kind"), &t->arena);
		__int128 cost;

		if (!json_pusd(json_get(v, "cost_usd"), &cost) ||
		    !json_double(json_get(v, "success"), &d->v[d->n].success))
			continue;
		d->v[d->n].cost_usd = (double)cost / 1e12;
		d->v[d->n].name = table_clean(t, name);
		d->v[d->n].kind = kind.len ? kind.p[0] : 's';
		d->n++;
	}
}

void certificate_pictures(struct table *t, const struct json *cert)
{
	const struct json *bins = json_path(cert, "metrics.reliability");
	const struct json *points = json_path(cert, "plane.points");

	if (json_is(points, JSON_ARRAY))
		plane(t, points);
	if (json_is(bins, JSON_ARRAY))
		reliability(t, bins);
}
