/* Recorded replies: who is asked for a task that was played before answers as
 * the model did then. JSON lines, one for each (task, model):
 *   {"task":"HumanEval/0","model":"gpt-4","success":1,"input_tokens":120,
 *    "cached_tokens":0,"output_tokens":80,"reasoning_tokens":0,
 *    "text":"...","logprobs":[-0.1,-0.02],"status":200,"delay_ms":5}
 * All but task and model may be missing; of the same pair the last line
 * counts. */
#ifndef ACO_MOCK_SCRIPT_H
#define ACO_MOCK_SCRIPT_H

#include "ledger/base/arena.h"
#include "ledger/base/err.h"

struct mock_line {
	uint64_t key;
	struct str task, model, text;
	int success;                        /* 1, 0; -1: not said */
	int64_t in, cached, out, reasoning; /* -1: not said */
	int status;
	int64_t delay_us;
	const float *logprobs;
	int n_logprobs;
	size_t at; /* its place in the file */
};

struct mock_script {
	struct arena arena;
	struct mock_line *lines;
	size_t n, cap;
};

enum rc mock_script_read(struct mock_script *s, const char *path,
			 struct err *e) MUST_CHECK;
void mock_script_release(struct mock_script *s);
const struct mock_line *mock_script_find(const struct mock_script *s,
					 struct str task, struct str model);

#endif
