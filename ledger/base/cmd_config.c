/* aco config */
#include <stdio.h>

#include "ledger/base/cmd.h"
#include "ledger/base/json.h"

/* Where a value came from is left out on purpose: what counts is the value. */
static void print_values(const struct conf *conf, struct buf *out)
{
	const char *section = "";

	if (*conf->file)
		buf_addf(out, "# %s\n", conf->file);
	for (const struct conf_key *k = conf_keys; k->name; k++) {
		if (strcmp(section, k->section) != 0) {
			buf_addf(out, "%s[%s]\n", *section ? "\n" : "",
				 k->section);
			section = k->section;
		}
		buf_addf(out, "%s = ", k->name);
		conf_value(conf, k, out);
		buf_addc(out, '\n');
	}
}

static void add_json_value(const struct conf *conf, const struct conf_key *k,
			   struct json_out *o)
{
	const char *name = k->name;
	struct buf text;

	buf_init(&text, 1 << 16);
	conf_value(conf, k, &text);
	if (k->type == CONF_INT || k->type == CONF_DURATION_DAYS)
		json_out_raw(o, name, str_from(buf_str(&text)));
	else if (k->type == CONF_BOOL)
		json_out_bool(o, name, !strcmp(buf_str(&text), "yes"));
	else
		json_out_str(o, name, str_from(buf_str(&text)));
	buf_release(&text);
}

static void print_json(const struct conf *conf, struct buf *out)
{
	const char *section = "";
	struct json_out o;

	json_out_init(&o, out);
	json_out_obj(&o, NULL);
	json_out_str(&o, "file", *conf->file ? str_from(conf->file) : STR_NONE);
	for (const struct conf_key *k = conf_keys; k->name; k++) {
		if (strcmp(section, k->section) != 0) {
			if (*section)
				json_out_end(&o, '}');
			json_out_obj(&o, k->section);
			section = k->section;
		}
		add_json_value(conf, k, &o);
	}
	json_out_end(&o, '}');
	json_out_end(&o, '}');
	buf_addc(out, '\n');
}

static const struct cmd_opt opts[] = {
	{"sample", 0, NULL, "print a commented file with all defaults"},
	{"json", 0, NULL, "print as JSON"},
	{.name = NULL},
};
enum {
	OPT_SAMPLE,
	OPT_JSON
};

static int run(const struct command *self, const struct conf *conf, int argc,
	       char **argv)
{
	bool sample = false, json = false;
	struct cmd_args a;
	struct buf out;
	int opt;

	cmd_args_init(&a, self, argc, argv);
	while ((opt = cmd_next(&a)) != CMD_END) {
		if (opt == OPT_SAMPLE)
			sample = true;
		else if (opt == OPT_JSON)
			json = true;
		else if (opt == CMD_OPERAND)
			return cmd_usage(self, "config takes no operands");
		else
			return opt == CMD_HELP ? 0 : 2;
	}
	if (sample && json)
		return cmd_usage(self,
				 "--sample and --json exclude each other");
	buf_init(&out, 1 << 20);
	if (sample)
		conf_sample(&out);
	else if (json)
		print_json(conf, &out);
	else
		print_values(conf, &out);
	fputs(buf_str(&out), stdout);
	buf_release(&out);
	return 0;
}

const struct command command_config = {
	.name = "config",
	.args = "",
	.summary = "print the configuration as it is in effect",
	.help = "Defaults, overridden by the configuration file, overridden by "
		"the environment.\nA password in database_url is not shown.",
	.opts = opts,
	.run = run,
};
