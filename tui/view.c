#include "tui/view.h"

#include <string.h>

#include "ledger/base/clock.h"

const struct view *const views[] = {
	&view_fleet,     &view_agents,   &view_teams,
	&view_models,    &view_tiers,    &view_tasks,
	&view_task,      &view_attempt,  &view_price,
	&view_decisions, &view_decision, &view_router,
	&view_bundles,   &view_budgets,  &view_attention,
	&view_dead,      &view_search,   NULL,
};

const struct view *const view_spend_groups[] = {
	&view_fleet, &view_agents, &view_teams, &view_models, &view_tiers, NULL,
};

const struct view *view_find(const char *name)
{
	for (int i = 0; views[i]; i++)
		if (strcmp(views[i]->name, name) == 0)
			return views[i];
	return NULL;
}

const char *view_nothing(const struct context *c)
{
	if (c->fresh.newest_us == TIME_NONE)
		return "The ledger is empty. Bring data in:\n"
		       "\n"
		       "  aco import claude-code ~/.claude/projects\n"
		       "  aco import codex ~/.codex/sessions\n"
		       "\n"
		       "or send it to aco serve, with any OpenTelemetry SDK.\n"
		       "'aco import --help' lists what can be read.";
	if (c->range.preset != RANGE_ALL)
		return "Nothing in this range of time. Press t for another "
		       "one, or give --since all.";
	return "Nothing here.";
}
