/* Who is in the fleet, and what it has to do. All of it is invented; prices
 * are those of the price table, strengths are not anybody's. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ingest/demo.h"

#define N(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* ---- chance ---- */

/* splitmix64 (Steele, Lea, Flood 2014). */
uint64_t demo_u64(struct demo_rng *r)
{
	uint64_t z = r->s += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

void demo_rng_init(struct demo_rng *r, int64_t seed, const char *of,
		   int64_t which)
{
	r->s = (uint64_t)seed;
	for (; *of; of++)
		r->s = (r->s ^ (unsigned char)*of) * 0x100000001b3u;
	r->s ^= (uint64_t)which * 0xd6e8feb86659fd93u;
	(void)demo_u64(r);
}

double demo_unit(struct demo_rng *r)
{
	return (double)(demo_u64(r) >> 11) * 0x1p-53;
}

int64_t demo_int(struct demo_rng *r, int64_t a, int64_t b)
{
	return a + (int64_t)(demo_u64(r) % (uint64_t)(b - a + 1));
}

bool demo_chance(struct demo_rng *r, double p)
{
	return demo_unit(r) < p;
}

/* ---- models ---- */

const struct demo_model demo_models[] = {
	{"gpt-5-nano", "openai", "openai", 1, 0.34, 50000, 400000, 4},
	{"gpt-5-mini", "openai", "openai", 2, 0.52, 250000, 2000000, 6},
	{"gpt-5.4-mini", "openai", "openai", 3, 0.62, 750000, 4500000, 8},
	{"gpt-5", "openai", "openai", 4, 0.76, 1250000, 10000000, 14},
	{"gpt-5.5", "openai", "openai", 5, 0.9, 5000000, 30000000, 18},
	{"claude-haiku-4-5", "anthropic", "anthropic", 3, 0.6, 1000000, 5000000,
	 7},
	{"claude-sonnet-4-5", "anthropic", "anthropic", 4, 0.78, 3000000,
	 15000000, 13},
	{"claude-opus-4-6", "anthropic", "anthropic", 5, 0.92, 5000000,
	 25000000, 19},
};
const int demo_n_models = N(demo_models);

static bool speaks(int model, const char *protocol)
{
	return !strcmp(demo_models[model].protocol, protocol);
}

int demo_strongest(const char *protocol)
{
	int best = -1;

	for (int i = 0; i < demo_n_models; i++) {
		if (speaks(i, protocol))
			best = i;
	}
	return best;
}

int demo_cheapest(const char *protocol, int floor, double difficulty, double p)
{
	for (int i = 0; i < demo_n_models; i++) {
		const struct demo_model *m = &demo_models[i];

		if (speaks(i, protocol) && m->tier >= floor &&
		    mock_chance(m->strength, difficulty) > p)
			return i;
	}
	return demo_strongest(protocol);
}

int demo_stronger(int model, int by)
{
	int best = -1;

	for (int i = model + 1; i < demo_n_models && by > 0; i++) {
		if (!speaks(i, demo_models[model].protocol))
			continue;
		best = i;
		by--;
	}
	return best;
}

void demo_mock_conf(struct mock_conf *c, int64_t seed)
{
	mock_conf_default(c);
	c->seed = (uint64_t)seed;
	for (int i = 0; i < demo_n_models; i++) {
		snprintf(c->strength[i].model, sizeof(c->strength[i].model),
			 "%s", demo_models[i].name);
		c->strength[i].strength = demo_models[i].strength;
	}
	c->n_strength = demo_n_models;
}

/* ---- classes ---- */

static const char *const coding_kinds[] = {"plan",   "search", "read",   "edit",
					   "verify", "edit",   "verify", NULL};
static const char *const support_kinds[] = {"read", "search", "communicate",
					    NULL};
static const char *const research_kinds[] = {
	"plan", "search", "read", "search", "read", "communicate", NULL};
static const char *const legal_kinds[] = {"read", "read", "plan", "communicate",
					  NULL};
static const char *const data_kinds[] = {"read", "execute", "verify", NULL};

static const char *const coding_prompts[] = {
	"Fix the flaky test in tests/net/test_retry.py: it fails about one run "
	"in twenty with a timeout. Find the race, do not raise the limit.",
	"Add pagination to GET /orders, with a cursor that survives deletes, "
	"and tests for the empty and the last page.",
	"Rename the field `qty` to `quantity` in all models, migrations and "
	"the API, and keep reading the old name for a release.",
	"The build takes nine minutes. Find the three slowest targets and "
	"make them faster without changing what they produce.",
	"Write unit tests for src/billing/proration.c; cover leap years and "
	"plans that change twice in a month.",
	NULL};
static const char *const support_prompts[] = {
	"A customer writes that the invoice of May shows two seats too many. "
	"Look up the account and answer in a friendly tone.",
	"How do I reset my second factor? I lost the phone yesterday.",
	"The customer asks for a refund after 40 days; the policy says 30. "
	"Propose an answer.",
	"Export of the report hangs at 99 %. Which questions do we ask next?",
	NULL};
static const char *const research_prompts[] = {
	"Compare five vector databases by licence, cost at 50 million rows and "
	"operating effort; cite a source for each figure.",
	"What changed in EU battery regulation since 2024, and what does it "
	"mean for our suppliers?",
	"Summarise what is known about retrieval for long documents; separate "
	"measured results from claims.",
	NULL};
static const char *const legal_prompts[] = {
	"Check the attached supplier agreement for liability caps below our "
	"standard and list the clauses with their numbers.",
	"Draft a data processing addendum for a processor in Canada.", NULL};
static const char *const data_prompts[] = {
	"Clean the CSV: normalise dates to ISO 8601, drop duplicate rows, "
	"report how many of each.",
	"Write the SQL for weekly active users by plan, without counting "
	"internal accounts.",
	"Classify these 200 product titles into the 14 categories; answer as "
	"JSON.",
	NULL};
static const char *const other_prompts[] = {
	"Translate the release notes into German and keep the headings.",
	"Summarise this meeting in five bullet points with owners.", NULL};

const struct demo_class demo_classes[] = {
	{
		.name = "coding",
		.team = "platform",
		.agents = {"patcher", "reviewer", "test-writer"},
		.protocol = "openai",
		.judge = "ci",
		.key = "tests",
		.judged = 0.9,
		.weight = 30,
		.difficulty = 0.62,
		.spread = 0.26,
		.goal = 0.7,
		.steps_min = 4,
		.steps_max = 9,
		.context = 9000,
		.growth = 2600,
		.output = 900,
		.kinds = coding_kinds,
		.prompts = coding_prompts,
	},
	{
		.name = "support",
		.team = "customer-care",
		.agents = {"helpdesk", "triage"},
		.protocol = "openai",
		.judge = "survey",
		.key = "solved",
		.judged = 0.6,
		.weight = 34,
		.difficulty = 0.42,
		.spread = 0.24,
		.goal = 0.72,
		.steps_min = 2,
		.steps_max = 4,
		.context = 2400,
		.growth = 700,
		.output = 300,
		.kinds = support_kinds,
		.prompts = support_prompts,
	},
	{
		.name = "research",
		.team = "insights",
		.agents = {"scout"},
		.protocol = "anthropic",
		.judge = "review",
		.key = "useful",
		.judged = 0.75,
		.weight = 12,
		.difficulty = 0.62,
		.spread = 0.2,
		.goal = 0.7,
		.steps_min = 4,
		.steps_max = 10,
		.context = 11000,
		.growth = 5200,
		.output = 1100,
		.kinds = research_kinds,
		.prompts = research_prompts,
	},
	{
		.name = "legal",
		.team = "counsel",
		.agents = {"clause-check"},
		.protocol = "anthropic",
		.judge = "review",
		.key = "accepted",
		.judged = 0.85,
		.weight = 6,
		.difficulty = 0.7,
		.spread = 0.16,
		.goal = 0.75,
		.floor = 4,
		.steps_min = 2,
		.steps_max = 5,
		.context = 14000,
		.growth = 3000,
		.output = 1300,
		.kinds = legal_kinds,
		.prompts = legal_prompts,
	},
	{
		.name = "data",
		.team = "insights",
		.agents = {"cleaner", "sql-writer"},
		.protocol = "openai",
		.judge = "checks",
		.key = "valid",
		.judged = 0.95,
		.weight = 15,
		.difficulty = 0.46,
		.spread = 0.24,
		.goal = 0.75,
		.steps_min = 2,
		.steps_max = 4,
		.context = 3000,
		.growth = 1200,
		.output = 500,
		.kinds = data_kinds,
		.prompts = data_prompts,
	},
	{
		/* Nobody says what these are. */
		.team = "growth",
		.agents = {"scribe"},
		.protocol = "openai",
		.weight = 3,
		.difficulty = 0.3,
		.spread = 0.1,
		.goal = 0.8,
		.steps_min = 1,
		.steps_max = 2,
		.context = 2000,
		.growth = 500,
		.output = 400,
		.kinds = support_kinds,
		.prompts = other_prompts,
	},
};
const int demo_n_classes = N(demo_classes);

const char *demo_tool(const char *kind, const char **command)
{
	static const struct {
		const char *kind, *tool, *command;
	} tools[] = {
		{"search", "Grep", NULL},
		{"read", "Read", NULL},
		{"edit", "Edit", NULL},
		{"verify", "Bash", "pytest -q"},
		{"execute", "Bash", "python3 clean.py"},
	};

	*command = NULL;
	for (int i = 0; i < N(tools); i++) {
		if (!strcmp(tools[i].kind, kind)) {
			*command = tools[i].command;
			return tools[i].tool;
		}
	}
	return NULL;
}

/* ---- tasks ---- */

static int length(const char *const *list)
{
	int n = 0;

	while (list[n])
		n++;
	return n;
}

void demo_task_draw(struct demo_task *t, struct demo_rng *r)
{
	int64_t all = 0, at;
	int n = 1, of, which;

	for (int i = 0; i < demo_n_classes; i++)
		all += demo_classes[i].weight;
	at = demo_int(r, 0, all - 1);
	t->c = demo_classes;
	while (at >= t->c->weight)
		at -= t->c++->weight;
	while (n < 3 && t->c->agents[n])
		n++;
	t->agent = t->c->agents[demo_int(r, 0, n - 1)];
	of = length(t->c->prompts);
	which = (int)demo_int(r, 0, of - 1);
	t->prompt = t->c->prompts[which];
	/* Prompts are harder the later they stand, which the router can learn;
	 * the rest it cannot see. The sum of three is near enough to a bell. */
	t->difficulty =
		t->c->difficulty +
		t->c->spread * (1.6 * (which + 0.5) / of - 0.8) +
		0.6 * t->c->spread *
			(demo_unit(r) + demo_unit(r) + demo_unit(r) - 1.5);
	t->difficulty = fmin(fmax(t->difficulty, 0.02), 0.98);
	t->steps = (int)demo_int(r, t->c->steps_min, t->c->steps_max);
}
