/* Lines of Claude Code's transcripts, made for tests. */
#ifndef ACO_CLAUDE_CASE_H
#define ACO_CLAUDE_CASE_H

#include "import_case.h"

#define KIND  "claude-code"
#define PATH  "/p/projects/x/s1.jsonl"
#define MSG_A "msg_01AAAAbbbbCCCCdddd1111"
#define MSG_B "msg_01BBBBccccDDDDeeee2222"
#define REQ_A "req_011CaaaaBBBBccccDDDD1"
#define REQ_B "req_011CbbbbCCCCddddEEEE2"

#define AT(sec) "2026-11-23T10:00:" sec ".000Z"

/* One assistant line: ids, uuid, parent, second, more members, usage. */
#define CALL(id, req, more, usage)                                             \
	"{\"type\":\"assistant\",\"sessionId\":\"s1\",\"requestId\":\"" req    \
	"\"," more "\"message\":{\"id\":\"" id                                 \
	"\",\"role\":\"assistant\",\"model\":\"claude-sonnet-4-5\","           \
	"\"content\":[],\"usage\":" usage "}}\n"
#define TIME(sec) "\"timestamp\":\"" AT(sec) "\","
#define USAGE(in, out)                                                         \
	"{\"input_tokens\":" #in ",\"cache_creation_input_tokens\":0,"         \
	"\"cache_read_input_tokens\":0,\"output_tokens\":" #out "}"

#endif
