/* Tool names and shell commands, as the known agents write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ledger/event.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static void expect(const char *tool, const char *command, enum step_kind want)
{
	enum step_kind got = step_kind_of(str_from(tool), str_from(command));

	if (got != want)
		fail_msg("%s '%s': %s, expected %s", tool ? tool : "-",
			 command ? command : "-", step_kind_names[got],
			 step_kind_names[want]);
}

static void tools(void **state)
{
	static const struct {
		const char *tool;
		enum step_kind want;
	} cases[] = {
		{"Read", STEP_READ},
		{"NotebookRead", STEP_READ},
		{"WebFetch", STEP_READ},
		{"read_many_files", STEP_READ},
		{"ReadMcpResourceTool", STEP_READ},
		{"view_image", STEP_READ},
		{"Grep", STEP_SEARCH},
		{"Glob", STEP_SEARCH},
		{"LS", STEP_SEARCH},
		{"WebSearch", STEP_SEARCH},
		{"web_search", STEP_SEARCH},
		{"google_web_search", STEP_SEARCH},
		{"search_file_content", STEP_SEARCH},
		{"list_directory", STEP_SEARCH},
		{"find_file", STEP_SEARCH},
		{"Edit", STEP_EDIT},
		{"MultiEdit", STEP_EDIT},
		{"Write", STEP_EDIT},
		{"NotebookEdit", STEP_EDIT},
		{"write_file", STEP_EDIT},
		{"replace", STEP_EDIT},
		{"apply_patch", STEP_EDIT},
		{"Bash", STEP_EXECUTE},
		{"run_shell_command", STEP_EXECUTE},
		{"write_stdin", STEP_EXECUTE},
		{"TodoWrite", STEP_PLAN},
		{"update_plan", STEP_PLAN},
		{"ExitPlanMode", STEP_PLAN},
		{"Task", STEP_PLAN},
		{"Agent", STEP_PLAN},
		{"spawn_agent", STEP_PLAN},
		{"think", STEP_PLAN},
		{"AskUserQuestion", STEP_COMMUNICATE},
		{"transfer_to_human_agents", STEP_COMMUNICATE},
		{"SendMessage", STEP_COMMUNICATE},
		{"submit", STEP_COMMUNICATE},
		{"run_tests", STEP_VERIFY},
		{"mcp__ide__getDiagnostics", STEP_VERIFY},
		{"mcp__github__get_issue", STEP_READ},
		{"mcp__github__create_pull_request", STEP_EDIT},
		{"functions.exec", STEP_EXECUTE},
		{"get_reservation_details", STEP_READ},
		{"search_direct_flight", STEP_SEARCH},
		{"update_reservation_flights", STEP_EDIT},
		{"cancel_pending_order", STEP_EDIT},
		{"calculate", STEP_EXECUTE},
		{"xyzzy", STEP_OTHER},
		{"", STEP_OTHER},
		{"__", STEP_OTHER},
		{NULL, STEP_OTHER},
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++)
		expect(cases[i].tool, NULL, cases[i].want);
	expect("str_replace_editor", "view", STEP_READ);
	expect("str_replace_editor", "str_replace", STEP_EDIT);
	expect("str_replace_based_edit_tool", "create", STEP_EDIT);
	expect(NULL, "ls", STEP_SEARCH);
}

static void commands(void **state)
{
	static const struct {
		const char *command;
		enum step_kind want;
	} cases[] = {
		{"", STEP_EXECUTE}, /* a shell, and nothing said */
		{"   ", STEP_OTHER},
		{"cd src", STEP_OTHER},
		{"ls -la", STEP_SEARCH},
		{"grep -rn \"def f\" src | head -5", STEP_SEARCH},
		{"cat a.c | grep x", STEP_READ},
		{"nl -ba a.py | sed -n '1,20p'", STEP_READ},
		{"sed -n '1,20p' a.py", STEP_READ},
		{"sed -i 's/a/b/' a.py", STEP_EDIT},
		{"perl -pi -e 's/a/b/' a.py", STEP_EDIT},
		{"cat > a.py <<'EOF'\nimport os\nrm -rf x; pytest\nEOF",
		 STEP_EDIT},
		{"cat <<EOF\npytest\nEOF", STEP_READ},
		{"cat <<EOF | python -\nprint(1)\nEOF\n", STEP_READ},
		{"python - <<'EOF'\nopen('x','w')\nEOF", STEP_EXECUTE},
		{"echo hi", STEP_OTHER},
		{"echo hi > a.txt", STEP_EDIT},
		{"echo hi > /dev/null", STEP_OTHER},
		{"ls foo 2>/dev/null", STEP_SEARCH},
		{"ls foo 2>&1", STEP_SEARCH},
		{"ls foo &> out.log", STEP_SEARCH},
		{"cat a > b", STEP_EDIT},
		{"cat a | tee b", STEP_EDIT},
		{"python reproduce.py", STEP_EXECUTE},
		{"python -c 'import os; os.test()'", STEP_EXECUTE},
		{"python test_fix.py", STEP_VERIFY},
		{"python -m pytest -q", STEP_VERIFY},
		{"/usr/bin/python3 -m pytest a.py", STEP_VERIFY},
		{"cd repo && pytest -q 2>&1 | tail -5", STEP_VERIFY},
		{"PYTHONPATH=. timeout 60 pytest", STEP_VERIFY},
		{"./tests/runtests.py basic", STEP_VERIFY},
		{"bin/test sympy/core", STEP_VERIFY},
		{"npm test", STEP_VERIFY},
		{"npm run lint", STEP_VERIFY},
		{"npm run start", STEP_EXECUTE},
		{"npm install x", STEP_EXECUTE},
		{"npx jest", STEP_VERIFY},
		{"npx tsc --noEmit", STEP_VERIFY},
		{"cargo test", STEP_VERIFY},
		{"cargo run", STEP_EXECUTE},
		{"go vet ./...", STEP_VERIFY},
		{"uv run pytest", STEP_VERIFY},
		{"uv pip install x", STEP_EXECUTE},
		{"sudo make check", STEP_VERIFY},
		{"make -j2 && ./a.out", STEP_VERIFY},
		{"git status", STEP_READ},
		{"git -C x diff", STEP_EXECUTE},
		{"git commit -m 'a; pytest'", STEP_EXECUTE},
		{"git grep foo", STEP_SEARCH},
		{"git apply x.patch", STEP_EDIT},
		{"git checkout main", STEP_EXECUTE},
		{"git checkout -- a.py", STEP_EDIT},
		{"rm -rf build", STEP_EXECUTE},
		{"bash -lc 'rg foo'", STEP_SEARCH},
		{"bash -c \"cd x && npm test\"", STEP_VERIFY},
		{"bash run_tests.sh", STEP_VERIFY},
		{"# look first\ncat a", STEP_READ},
		{"export A=1; A=2 ls", STEP_SEARCH},
		{"for f in *.py; do grep x $f; done", STEP_SEARCH},
		{"if [ -f a ]; then cat a; fi", STEP_EXECUTE},
		{"(cd a && ls)", STEP_SEARCH},
		{"apply_patch <<'EOF'\n*** Begin Patch\nEOF", STEP_EDIT},
		{"echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT && git add -A",
		 STEP_COMMUNICATE},
		{"find . -name '*.c' | xargs grep foo", STEP_SEARCH},
		{"ls \\\n  -la", STEP_SEARCH},
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++)
		expect("bash", cases[i].command, cases[i].want);
}

/* Whatever bytes an agent sends: no crash, an answer in range. */
static void nonsense(void **state)
{
	static const char *const cases[] = {
		"'",          "\"",     "`",         "\\",
		"<",          "<<",     "<<<",       ">",
		">>",         "2>",     "&",         "|",
		"||",         "|&",     ";;",        "(",
		")",          "#",      "<<EOF",     "<<EOF\n",
		"<<'EOF'\nx", "cat <<", "bash -c",   "bash -c 'bash -c \"'",
		"$(",         "a=b",    "=",         "\xff\xfe",
		"-",          "env -",  "timeout 5", "uv run",
		"git",        "npm",    "python",    "python -m",
		"sed"};

	(void)state;
	for (size_t i = 0; i < N(cases); i++)
		assert_in_range(step_kind_of(STR("bash"), str_from(cases[i])),
				0, STEP_KIND_N - 1);
	/* Shells in shells end. */
	expect("sh", "bash -c 'bash -c \"bash -c bash -c bash -c bash -c ls\"'",
	       STEP_EXECUTE);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(tools),
		cmocka_unit_test(commands),
		cmocka_unit_test(nonsense),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
