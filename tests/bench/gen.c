/* Makes input for benchmarks and tests, always the same for the same seed:
 *
 *   gen transcripts DIR CALLS SEED [FORKS [DAYS]]
 *       Claude Code sessions of about 50 calls under DIR/projects: several
 *       projects, models and days, calls written as one or two lines, tool
 *       results between them, sub-agents in files of their own. FORKS of a
 *       thousand sessions exist twice: a fork repeats the first calls of its
 *       session under another session id, as `claude --fork-session` does.
 *       The sessions begin within DAYS (30) days from 2026-10-01 on.
 *       On standard output the truth, a line a model:
 *       MODEL CALLS UNCACHED_IN CACHE_READ CACHE_WRITE_5M CACHE_WRITE_1H OUTPUT
 *   gen outcomes LINES SEED
 *       Verdicts on (task, model), as JSON lines, on standard output.
 *   gen routed TASKS SEED [flipped|fleet]
 *       The same of five models on tasks of known difficulty 1 to 5, as a
 *       simulation has it: P(success) = strength^(0.6 * difficulty), the text
 *       the longer and with the more words of hard tasks the harder. A model's
 *       strength and cost rise together. One a task and model, dated within
 *       the 80 days before 2026-11-24. flipped: every verdict is its opposite;
 *       fleet: in half of the classes all models are as good as the strongest,
 * and models fail together: what a weak one solves a stronger one does too.
 *
 * Each session is made from its own number alone, so that a fork can be made
 * again without keeping anything. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define START_S     INT64_C(1790812800) /* 2026-10-01T00:00:00Z */
#define PER_SESSION 50
#define N(a)        (sizeof(a) / sizeof((a)[0]))

/* ---- chance ---- */

struct rng {
	uint64_t s;
};

static uint64_t next(struct rng *r) /* splitmix64 */
{
	uint64_t z = r->s += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static struct rng rng_of(uint64_t seed, uint64_t n)
{
	struct rng r = {seed * UINT64_C(0x9e3779b97f4a7c15) + n};

	next(&r);
	return r;
}

static int64_t below(struct rng *r, int64_t n)
{
	return (int64_t)(next(r) % (uint64_t)n);
}

static bool chance(struct rng *r, int percent)
{
	return below(r, 100) < percent;
}

/* n characters of base 62 and a NUL into out. */
static void token(struct rng *r, char *out, int n)
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "abcdefghijklmnopqrstuvwxyz0123456789";

	for (int i = 0; i < n; i++)
		out[i] = set[below(r, 62)];
	out[n] = '\0';
}

static void uuid(struct rng *r, char out[37])
{
	uint64_t a = next(r), b = next(r);

	snprintf(out, 37, "%08x-%04x-4%03x-%04x-%012" PRIx64,
		 (unsigned)(a >> 32), (unsigned)(a >> 16) & 0xffff,
		 (unsigned)a & 0xfff, ((unsigned)(b >> 48) & 0x3fff) | 0x8000,
		 b & UINT64_C(0xffffffffffff));
}

static const char *word(struct rng *r)
{
	static const char *const words[] = {
		"the",     "test",  "parser", "fails",  "when",   "queue",
		"is",      "empty", "so",     "guard",  "index",  "before",
		"read",    "and",   "return", "early",  "module", "config",
		"value",   "cache", "key",    "update", "check",  "result",
		"of",      "a",     "retry",  "loop",   "with",   "timeout",
		"handler", "buffer"};

	return words[below(r, (int64_t)N(words))];
}

static void words(FILE *f, struct rng *r, int n)
{
	for (int i = 0; i < n; i++)
		fprintf(f, "%s%s", i ? " " : "", word(r));
}

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "gen: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Standard output and files alike: what could not be written is a failure. */
static void close_checked(FILE *f, const char *name)
{
	bool bad = ferror(f) != 0;

	if (fclose(f) != 0 || bad)
		fail(name);
}

/* ---- transcripts ---- */

static const char *const models[] = {"claude-sonnet-4-5-20250929",
				     "claude-opus-4-5-20251101",
				     "claude-haiku-4-5-20251001"};
enum {
	SONNET,
	OPUS,
	HAIKU,
	MODELS
};

struct usage {
	int64_t uncached, read, w5m, w1h, output;
};
struct truth {
	int64_t calls;
	struct usage sum;
};

struct call {
	char message_id[32], request_id[32], tool_id[32];
	int64_t at_ms;
	struct usage u;
	bool two_lines, last;
	const char *tool;
};

struct session {
	FILE *f;
	struct rng rng;   /* of the calls: the same for session and fork */
	struct rng noise; /* of uuids and texts */
	char id[37], parent[37];
	const char *project;
	int model;
	bool sidechain, one_hour;
	int64_t at_ms, context;
};

static void stamp(int64_t ms, char out[32])
{
	time_t s = (time_t)(ms / 1000);
	struct tm tm;
	char date[24];

	if (!gmtime_r(&s, &tm) ||
	    !strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm))
		fail("time");
	snprintf(out, 32, "%s.%03dZ", date, (int)(ms % 1000));
}

static const char *tool_name(struct rng *r)
{
	static const char *const tools[] = {"Bash", "Bash",  "Bash",     "Read",
					    "Read", "Edit",  "Edit",     "Grep",
					    "Glob", "Write", "TodoWrite"};

	return tools[below(r, (int64_t)N(tools))];
}

/* The next call of a session: the context grows, is read from the cache and
 * what is new is written to it. */
static void next_call(struct session *s, struct call *c, bool last)
{
	int64_t grown = 200 + below(&s->rng, 3000);

	token(&s->rng, c->message_id, 22);
	token(&s->rng, c->request_id, 20);
	token(&s->rng, c->tool_id, 22);
	s->at_ms += 2000 + below(&s->rng, 40000);
	c->at_ms = s->at_ms;
	c->u = (struct usage){.uncached = 2 + below(&s->rng, 12),
			      .read = s->context,
			      .output = 20 + below(&s->rng, 900)};
	if (s->one_hour)
		c->u.w1h = grown;
	else
		c->u.w5m = grown;
	s->context += grown;
	if (s->context > 150000) /* compacted */
		s->context = 20000;
	c->two_lines = chance(&s->rng, 35);
	c->tool = last ? NULL : tool_name(&s->rng);
	c->last = last;
}

/* What every line begins and ends with. */
static void line_head(struct session *s, char own[37])
{
	uuid(&s->noise, own);
	fputs("{\"parentUuid\":", s->f);
	if (s->parent[0])
		fprintf(s->f, "\"%s\"", s->parent);
	else
		fputs("null", s->f);
	fprintf(s->f, ",\"isSidechain\":%s,", s->sidechain ? "true" : "false");
}

static void line_tail(struct session *s, const char own[37], int64_t at_ms)
{
	char at[32];

	stamp(at_ms, at);
	fprintf(s->f,
		"\"uuid\":\"%s\",\"timestamp\":\"%s\",\"userType\":\"external\","
		"\"entrypoint\":\"cli\",\"cwd\":\"/home/dev/%s\","
		"\"sessionId\":\"%s\",\"version\":\"2.1.197\","
		"\"gitBranch\":\"main\"}\n",
		own, at, s->project, s->id);
	memcpy(s->parent, own, 37);
}

static void user_line(struct session *s, const struct call *before)
{
	char own[37];

	line_head(s, own);
	fputs("\"type\":\"user\",\"message\":{\"role\":\"user\",\"content\":",
	      s->f);
	if (before) {
		fprintf(s->f,
			"[{\"tool_use_id\":\"toolu_01%s\",\"type\":\"tool_result\","
			"\"content\":\"",
			before->tool_id);
		words(s->f, &s->noise, 5 + (int)below(&s->noise, 60));
		fprintf(s->f, "\",\"is_error\":%s}]},",
			chance(&s->noise, 7) ? "true" : "false");
	} else {
		fputc('"', s->f);
		words(s->f, &s->noise, 20);
		fputs("\"},", s->f);
	}
	line_tail(s, own, before ? before->at_ms + 900 : s->at_ms);
}

static void content_text(struct session *s)
{
	fputs("{\"type\":\"text\",\"text\":\"", s->f);
	words(s->f, &s->noise, 8 + (int)below(&s->noise, 30));
	fputs("\"}", s->f);
}

static void content_tool(struct session *s, const struct call *c)
{
	static const char *const commands[] = {
		"pytest -q",  "git status",         "make -j2",
		"ls -la src", "grep -rn parse src", "git diff"};
	bool shell = strcmp(c->tool, "Bash") == 0;

	fprintf(s->f,
		"{\"type\":\"tool_use\",\"id\":\"toolu_01%s\",\"name\":\"%s\","
		"\"input\":{\"%s\":\"%s\"}}",
		c->tool_id, c->tool, shell ? "command" : "file_path",
		shell ? commands[below(&s->noise, (int64_t)N(commands))]
		      : "/home/dev/src/main.c");
}

static void assistant_line(struct session *s, const struct call *c, bool text,
			   bool tool)
{
	const struct usage *u = &c->u;
	char own[37];

	line_head(s, own);
	fprintf(s->f,
		"\"message\":{\"id\":\"msg_01%s\",\"type\":\"message\",\"role\":"
		"\"assistant\",\"model\":\"%s\",\"content\":[",
		c->message_id, models[s->model]);
	if (text)
		content_text(s);
	if (text && tool)
		fputc(',', s->f);
	if (tool)
		content_tool(s, c);
	fprintf(s->f,
		"],\"stop_reason\":\"%s\",\"stop_sequence\":null,\"usage\":{"
		"\"input_tokens\":%" PRId64
		",\"cache_creation_input_tokens\":%" PRId64
		",\"cache_read_input_tokens\":%" PRId64
		",\"output_tokens\":%" PRId64 ",\"server_tool_use\":{"
		"\"web_search_requests\":0,\"web_fetch_requests\":0},"
		"\"service_tier\":\"standard\",\"cache_creation\":{"
		"\"ephemeral_1h_input_tokens\":%" PRId64
		",\"ephemeral_5m_input_tokens\":%" PRId64 "}}},",
		c->tool ? "tool_use" : "end_turn", u->uncached, u->w5m + u->w1h,
		u->read, u->output, u->w1h, u->w5m);
	fprintf(s->f, "\"requestId\":\"req_011C%s\",\"type\":\"assistant\",",
		c->request_id);
	line_tail(s, own, c->at_ms);
}

static void count(struct truth *t, const struct usage *u)
{
	t->calls++;
	t->sum.uncached += u->uncached;
	t->sum.read += u->read;
	t->sum.w5m += u->w5m;
	t->sum.w1h += u->w1h;
	t->sum.output += u->output;
}

/* Write `calls` calls; truth NULL: they were counted in another session. */
static void write_calls(struct session *s, int64_t calls, struct truth *truth)
{
	struct call c;

	user_line(s, NULL);
	for (int64_t i = 0; i < calls; i++) {
		next_call(s, &c, i + 1 == calls);
		if (c.two_lines && c.tool) {
			assistant_line(s, &c, true, false);
			assistant_line(s, &c, false, true);
		} else {
			assistant_line(s, &c, c.tool == NULL, c.tool != NULL);
		}
		if (c.tool)
			user_line(s, &c);
		if (truth)
			count(&truth[s->model], &c.u);
	}
}

static void make_dir(const char *path)
{
	if (mkdir(path, 0755) != 0 && errno != EEXIST)
		fail(path);
}

static const char *project_of(uint64_t n)
{
	static const char *const projects[] = {
		"billing-api", "web-shop", "etl-jobs", "infra",
		"mobile-app",  "search",   "ledger",   "docs"};

	return projects[n % N(projects)];
}

static FILE *open_file(const char *dir, const struct session *s,
		       const char *agent)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/projects/-home-dev-%s", dir,
			 s->project);
	FILE *f;

	make_dir(path);
	if (agent) {
		n += snprintf(path + n, sizeof(path) - (size_t)n, "/%s", s->id);
		make_dir(path);
		n += snprintf(path + n, sizeof(path) - (size_t)n, "/subagents");
		make_dir(path);
		snprintf(path + n, sizeof(path) - (size_t)n, "/agent-%s.jsonl",
			 agent);
	} else {
		snprintf(path + n, sizeof(path) - (size_t)n, "/%s.jsonl",
			 s->id);
	}
	f = fopen(path, "w");
	if (!f)
		fail(path);
	return f;
}

struct plan {
	const char *dir;
	uint64_t seed;
	int64_t days, forks;
};

/* Set up session number n; part 0 the session, 1 its sub-agent, 2 its fork. */
static void session_start(struct session *s, const struct plan *p, uint64_t n,
			  int part)
{
	struct rng own = rng_of(p->seed, n * 4);
	int64_t pick = below(&own, 100);

	memset(s, 0, sizeof(*s));
	uuid(&own, s->id);
	s->project = project_of((uint64_t)below(&own, 1000));
	s->model = pick < 60 ? SONNET : pick < 85 ? OPUS : HAIKU;
	s->one_hour = chance(&own, 50);
	s->context = 12000 + below(&own, 8000);
	s->at_ms = START_S * 1000 + below(&own, p->days * 86400000);
	s->rng = rng_of(p->seed, n * 4 + (part == 1 ? 1 : 0));
	s->noise = rng_of(p->seed, n * 4 + 2 + (part == 2 ? 1 : 0));
	next(&s->rng); /* apart from `own` */
	if (part == 1) {
		s->sidechain = true;
		s->model = HAIKU;
		s->at_ms += 60000;
	} else if (part == 2) {
		uuid(&s->noise, s->id);
	}
}

static void one_session(const struct plan *p, uint64_t n, int64_t calls,
			struct truth *truth)
{
	struct session s;
	struct rng extra = rng_of(p->seed ^ UINT64_C(0xf0), n);
	int64_t sub = calls >= 20 && chance(&extra, 15) ? calls / 5 : 0;

	session_start(&s, p, n, 0);
	s.f = open_file(p->dir, &s, NULL);
	write_calls(&s, calls - sub, truth);
	close_checked(s.f, s.id);
	if (sub > 0) {
		char agent[8];

		session_start(&s, p, n, 1);
		token(&s.noise, agent, 7);
		s.f = open_file(p->dir, &s, agent);
		write_calls(&s, sub, truth);
		close_checked(s.f, s.id);
	}
	if (calls - sub > 10 && below(&extra, 1000) < p->forks) {
		session_start(&s, p, n, 2);
		s.f = open_file(p->dir, &s, NULL);
		/* One call less than the session: none of them is the last. */
		write_calls(&s, 10, NULL);
		close_checked(s.f, s.id);
	}
}

static void transcripts(const struct plan *p, int64_t calls)
{
	struct truth truth[MODELS] = {0};
	char path[PATH_MAX];
	int64_t left = calls;

	make_dir(p->dir);
	snprintf(path, sizeof(path), "%s/projects", p->dir);
	make_dir(path);
	for (uint64_t n = 0; left > 0; n++) {
		struct rng r = rng_of(p->seed ^ UINT64_C(0xca), n);
		int64_t here = 10 + below(&r, 2 * PER_SESSION - 20);

		here = here < left ? here : left;
		one_session(p, n, here, truth);
		left -= here;
	}
	for (int m = 0; m < MODELS; m++) {
		const struct usage *u = &truth[m].sum;

		printf("%s %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64
		       " %" PRId64 " %" PRId64 "\n",
		       models[m], truth[m].calls, u->uncached, u->read, u->w5m,
		       u->w1h, u->output);
	}
}

/* ---- outcomes ---- */

static void outcome_line(struct rng *r, uint64_t seed, int64_t task, int model)
{
	struct rng text = rng_of(seed ^ UINT64_C(0x7e), (uint64_t)task);
	static const char *const classes[] = {"coding_fix", "coding_testgen",
					      "research", "support"};

	printf("{\"source\":\"generated\",\"benchmark\":\"made\",\"task_id\":"
	       "\"made/task-%" PRId64 "\",\"task_class\":\"%s\",\"prompt\":",
	       task, classes[task % (int64_t)N(classes)]);
	if (task % 5 == 0) {
		fputs("null", stdout);
	} else {
		putchar('"');
		words(stdout, &text, 100 + (int)below(&text, 300));
		putchar('"');
	}
	printf(",\"agent\":\"made\",\"model\":\"model-%02d\",\"success\":",
	       model);
	if (chance(r, 3))
		fputs("null", stdout);
	else
		putchar(chance(r, 40 + model) ? '1' : '0');
	if (chance(r, 20))
		fputs(",\"cost_usd\":null", stdout);
	else
		printf(",\"cost_usd\":%d.%07d", (int)below(r, 4),
		       (int)below(r, 10000000));
	if (chance(r, 70))
		fputs(",\"input_tokens\":null,\"output_tokens\":null", stdout);
	else
		printf(",\"input_tokens\":%d,\"output_tokens\":%d",
		       (int)below(r, 2000000), (int)below(r, 40000));
	printf(",\"api_calls\":%d,\"agent_version\":\"v1.%d.0\",\"date\":"
	       "\"2026-%02d-%02dT%02d:%02d:%02d+00:00\"}\n",
	       (int)below(r, 90), (int)below(r, 20), 1 + (int)below(r, 9),
	       1 + (int)below(r, 28), (int)below(r, 24), (int)below(r, 60),
	       (int)below(r, 60));
}

static void outcomes(int64_t lines, uint64_t seed)
{
	struct rng r = rng_of(seed, 0);
	const int per_task = 34;

	for (int64_t i = 0; i < lines; i++)
		outcome_line(&r, seed, i / per_task, (int)(i % per_task));
}

/* ---- outcomes by a formula ---- */

static const struct {
	const char *name;
	double strength, usd;
} routed_models[] = {
	{"sim-nano", 0.35, 0.002},   {"sim-mini", 0.55, 0.006},
	{"sim-mid", 0.75, 0.02},     {"sim-large", 0.88, 0.06},
	{"sim-frontier", 0.95, 0.2},
};

static void routed_text(struct rng *r, int difficulty)
{
	static const char *const hard[] = {
		"prove",       "concurrency", "deadlock",  "architecture",
		"distributed", "optimize",    "migration", "security"};
	static const char *const easy[] = {"rename", "typo", "simple", "list",
					   "format"};
	int parts = 2 + 3 * difficulty + (int)below(r, 4);

	for (int i = 0; i < parts; i++) {
		bool is_hard = below(r, 6) < difficulty;

		words(stdout, r, 20 + (int)below(r, 60));
		printf(" %s ", is_hard ? hard[below(r, (int64_t)N(hard))]
				       : easy[below(r, (int64_t)N(easy))]);
	}
}

static void routed_task(uint64_t seed, int64_t task, const char *mode)
{
	static const char *const classes[] = {"coding", "math", "research",
					      "support"};
	struct rng r = rng_of(seed, (uint64_t)task);
	int difficulty = 1 + (int)below(&r, 5);
	int64_t kind = below(&r, (int64_t)N(classes));
	bool flipped = !strcmp(mode, "flipped");
	bool fleet = !strcmp(mode, "fleet"), flat = fleet && kind % 2;
	double lot = (double)below(&r, 1000000);
	time_t at = 1795478400 - 80 * 86400 + below(&r, 80 * 86400);
	struct rng text = r;
	char date[32];
	struct tm tm;

	gmtime_r(&at, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &tm);
	for (size_t m = 0; m < N(routed_models); m++) {
		double p = pow(flat ? 0.95 : routed_models[m].strength,
			       0.6 * difficulty);
		double luck = fleet ? lot : (double)below(&r, 1000000);
		bool good = luck < p * 1e6;
		struct rng same = text;

		printf("{\"source\":\"simulated\",\"task_id\":\"sim-%" PRId64
		       "\",\"task_class\":\"%s\",\"prompt\":\"",
		       task, classes[kind]);
		routed_text(&same, difficulty);
		printf("\",\"model\":\"%s\",\"success\":%d,\"cost_usd\":%.6f,"
		       "\"input_tokens\":null,\"output_tokens\":null,"
		       "\"api_calls\":null,\"date\":\"%s\"}\n",
		       routed_models[m].name, good != flipped,
		       routed_models[m].usd * (0.5 + 0.3 * difficulty) *
			       (0.8 + 0.0004 * (double)below(&r, 1000)),
		       date);
	}
}

/* ---- main ---- */

static int64_t number(const char *text, int64_t max)
{
	char *end;
	long long v = strtoll(text, &end, 10);

	if (*end || end == text || v < 0 || v > max) {
		fprintf(stderr, "gen: '%s' is not a number\n", text);
		exit(2);
	}
	return v;
}

int main(int argc, char **argv)
{
	if (argc >= 5 && argc <= 7 && strcmp(argv[1], "transcripts") == 0) {
		const struct plan p = {
			.dir = argv[2],
			.seed = (uint64_t)number(argv[4], INT64_MAX),
			.forks = argc > 5 ? number(argv[5], 1000) : 0,
			.days = argc > 6 ? number(argv[6], 3650) : 30,
		};

		transcripts(&p, number(argv[3], INT64_MAX));
	} else if (argc == 4 && strcmp(argv[1], "outcomes") == 0) {
		outcomes(number(argv[2], INT64_MAX),
			 (uint64_t)number(argv[3], INT64_MAX));
	} else if ((argc == 4 || argc == 5) && !strcmp(argv[1], "routed")) {
		int64_t tasks = number(argv[2], INT64_MAX);

		for (int64_t i = 0; i < tasks; i++)
			routed_task((uint64_t)number(argv[3], INT64_MAX), i,
				    argc == 5 ? argv[4] : "");
	} else {
		fputs("usage: gen transcripts DIR CALLS SEED [FORKS [DAYS]]\n"
		      "       gen outcomes LINES SEED\n"
		      "       gen routed TASKS SEED [flipped|fleet]\n",
		      stderr);
		return 2;
	}
	close_checked(stdout, "standard output");
	return 0;
}
