#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "provider_case.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* A request in memory of its own, so that a byte too far is seen. */
struct asked {
	struct model_request r;
	struct arena a;
	struct str body;
	struct err e;
	enum rc rc;
};

static void ask(struct asked *q, enum wire wire, const char *text)
{
	size_t n = strlen(text);
	char *p = malloc(n ? n : 1);

	assert_non_null(p);
	memcpy(p, text, n);
	q->body = (struct str){p, n};
	arena_init(&q->a, MODEL_ARENA);
	q->rc = model_request_read(&q->r, wire, q->body, &q->a, &q->e);
}

static void asked_release(struct asked *q)
{
	char *p;

	memcpy(&p, &q->body.p, sizeof(p));
	free(p);
	arena_release(&q->a);
}

static void expect_str(struct str s, const char *want)
{
	if (!want) {
		assert_null(s.p);
		return;
	}
	if (s.len != strlen(want) || memcmp(s.p, want, s.len) != 0)
		fail_msg("'%.*s', not '%s'", STR_ARG(s), want);
}

/* ---- chat ---- */

static void test_fixture(void **state)
{
	size_t n;
	char *p = provider_file("openai.chat.request.json", &n);
	struct asked q;

	(void)state;
	p[n] = 0;
	ask(&q, WIRE_OPENAI_CHAT, p);
	assert_int_equal(q.rc, RC_OK);
	expect_str(q.r.model, "gpt-5");
	assert_memory_equal(q.body.p + q.r.model_at, "gpt-5", q.r.model_len);
	assert_true(q.r.stream);
	assert_true(q.r.include_usage);
	assert_true(q.r.logprobs);
	assert_int_equal(q.r.max_output, 512);
	assert_int_equal(q.r.tools, 1);
	assert_int_equal(q.r.messages, 1);
	expect_str(q.r.text, "Say hello");
	expect_str(q.r.task_text, "Say hello");
	assert_false(q.r.opaque);
	asked_release(&q);
	free(p);
}

static const char chat[] =
	"{\"messages\":[{\"role\":\"system\",\"content\":\"Be\\nbrief\"},"
	"{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":"
	"\"Fix\"},{\"type\":\"image_url\",\"image_url\":{\"url\":\"x\"}},"
	"{\"type\":\"text\",\"text\":\"it \\u00e9\"}]},"
	"{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":"
	"\"1\",\"type\":\"function\",\"function\":{\"name\":\"shell\","
	"\"arguments\":\"{\\\"command\\\":\\\"ls -l\\\"}\"}}]},"
	"{\"role\":\"tool\",\"tool_call_id\":\"1\",\"content\":\"a b\"},"
	"{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"2\",\"function\":{"
	"\"name\":\"shell\",\"arguments\":\"{\\\"command\\\":\\\"make\\\"}\""
	"}}]},"
	"{\"content\":\"Error: no rule\",\"role\":\"tool\"},"
	"{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"3\",\"function\":{"
	"\"name\":\"shell\",\"arguments\":\"{\\\"command\\\":\\\"make\\\"}\""
	"}}]},"
	"{\"role\":\"tool\",\"content\":[{\"type\":\"text\",\"text\":"
	"\"Exit code: 2\\nno\"}]}],"
	"\"model\":\"auto:coding\",\"n\":3,\"prompt_cache_key\":\"k\","
	"\"metadata\":{\"session_id\":\"s-1\"},\"tools\":[{},{}],"
	"\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{"
	"\"name\":\"x\",\"schema\":{\"type\":\"object\"}}}}";

static void test_chat(void **state)
{
	struct asked q;

	(void)state;
	ask(&q, WIRE_OPENAI_CHAT, chat);
	assert_int_equal(q.rc, RC_OK);
	expect_str(q.r.model, "auto:coding");
	assert_int_equal(q.r.n, 3);
	assert_false(q.r.stream);
	assert_int_equal(q.r.max_output, -1);
	assert_int_equal(q.r.messages, 8);
	assert_int_equal(q.r.tools, 2);
	expect_str(q.r.session, "s-1");
	expect_str(q.r.system, "Be\nbrief");
	expect_str(q.r.text, "Fix\nit \xc3\xa9");
	expect_str(q.r.last_tool, "shell");
	expect_str(q.r.last_command, "make");
	assert_int_equal(q.r.tool_results, 3);
	assert_int_equal(q.r.tool_errors, 2);
	assert_int_equal(q.r.error_streak, 2);
	assert_int_equal(q.r.repeats, 1);
	assert_int_equal(q.r.format, FORMAT_SCHEMA);
	expect_str(q.r.schema, "{\"type\":\"object\"}");
	asked_release(&q);
}

/* ---- responses ---- */

static void test_responses(void **state)
{
	struct asked q;

	(void)state;
	ask(&q, WIRE_OPENAI_RESPONSES,
	    "{\"model\":\"gpt-5\",\"instructions\":\"sys\",\"input\":["
	    "{\"role\":\"user\",\"content\":[{\"type\":\"input_text\","
	    "\"text\":\"Do\"}]},"
	    "{\"type\":\"reasoning\",\"encrypted_content\":\"xx\"},"
	    "{\"type\":\"function_call\",\"name\":\"exec\",\"arguments\":"
	    "\"{\\\"cmd\\\":\\\"pytest\\\"}\",\"call_id\":\"c\"},"
	    "{\"type\":\"function_call_output\",\"call_id\":\"c\","
	    "\"output\":\"Process exited with code 1\"}],"
	    "\"max_output_tokens\":9,\"prompt_cache_key\":\"sess\","
	    "\"include\":[\"reasoning.encrypted_content\","
	    "\"message.output_text.logprobs\"],\"stream\":true,"
	    "\"text\":{\"format\":{\"type\":\"json_object\"}}}");
	assert_int_equal(q.rc, RC_OK);
	assert_true(q.r.stream);
	assert_true(q.r.logprobs);
	assert_true(q.r.opaque);
	assert_string_equal(q.r.opaque_why, "encrypted reasoning");
	assert_int_equal(q.r.max_output, 9);
	assert_int_equal(q.r.messages, 4);
	assert_int_equal(q.r.format, FORMAT_JSON);
	expect_str(q.r.session, "sess");
	expect_str(q.r.system, "sys");
	expect_str(q.r.text, "Do");
	expect_str(q.r.last_tool, "exec");
	expect_str(q.r.last_command, "pytest");
	assert_int_equal(q.r.error_streak, 1);
	asked_release(&q);
	ask(&q, WIRE_OPENAI_RESPONSES,
	    "{\"model\":\"gpt-5\",\"input\":\"hi\","
	    "\"previous_response_id\":\"resp_1\"}");
	assert_int_equal(q.rc, RC_OK);
	expect_str(q.r.text, "hi");
	expect_str(q.r.previous, "resp_1");
	assert_true(q.r.opaque);
	assert_string_equal(q.r.opaque_why, "a stored response");
	asked_release(&q);
	/* null is no state. */
	ask(&q, WIRE_OPENAI_RESPONSES,
	    "{\"model\":\"m\",\"input\":[],\"previous_response_id\":null,"
	    "\"conversation\":null}");
	assert_int_equal(q.rc, RC_OK);
	assert_false(q.r.opaque);
	asked_release(&q);
}

/* ---- messages ---- */

static void test_messages(void **state)
{
	struct asked q;

	(void)state;
	ask(&q, WIRE_ANTHROPIC,
	    "{\"model\":\"claude\",\"max_tokens\":100,\"system\":[{\"type\":"
	    "\"text\",\"text\":\"You are\",\"cache_control\":{\"type\":"
	    "\"ephemeral\"}}],\"metadata\":{\"user_id\":\"{\\\"device\\\":1,"
	    "\\\"session_id\\\":\\\"u-1\\\"}\"},\"messages\":["
	    "{\"role\":\"user\",\"content\":\"Go\"},"
	    "{\"role\":\"assistant\",\"content\":[{\"type\":\"thinking\","
	    "\"thinking\":\"hm\",\"signature\":\"sig\"},{\"type\":"
	    "\"tool_use\",\"id\":\"t\",\"name\":\"Bash\",\"input\":{"
	    "\"command\":\"go test\"}}]},"
	    "{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\","
	    "\"tool_use_id\":\"t\",\"is_error\":true,\"content\":\"x\"},"
	    "{\"type\":\"text\",\"text\":\"and now\"}]}]}");
	assert_int_equal(q.rc, RC_OK);
	assert_int_equal(q.r.max_output, 100);
	expect_str(q.r.session, "u-1");
	expect_str(q.r.system, "You are");
	expect_str(q.r.task_text, "Go");
	expect_str(q.r.text, "and now");
	expect_str(q.r.last_tool, "Bash");
	expect_str(q.r.last_command, "go test");
	assert_int_equal(q.r.tool_errors, 1);
	assert_true(q.r.opaque);
	assert_string_equal(q.r.opaque_why, "signed thinking");
	asked_release(&q);
	ask(&q, WIRE_ANTHROPIC,
	    "{\"model\":\"c\",\"metadata\":{\"user_id\":\"user_1_account__"
	    "session_abc\"},\"messages\":[{\"content\":[{\"data\":\"zz\","
	    "\"type\":\"redacted_thinking\"}],\"role\":\"assistant\"}]}");
	assert_int_equal(q.rc, RC_OK);
	expect_str(q.r.session, "abc");
	assert_string_equal(q.r.opaque_why, "redacted thinking");
	asked_release(&q);
	/* Thinking without a signature is nobody's. */
	ask(&q, WIRE_ANTHROPIC,
	    "{\"model\":\"c\",\"messages\":[{\"role\":\"assistant\","
	    "\"content\":[{\"type\":\"thinking\",\"thinking\":\"a\","
	    "\"signature\":\"\"}]}]}");
	assert_false(q.r.opaque);
	asked_release(&q);
}

/* ---- the conversation's beginning ---- */

static struct uuid head_of(enum wire wire, const char *text)
{
	struct asked q;
	struct uuid u;

	ask(&q, wire, text);
	assert_int_equal(q.rc, RC_OK);
	u = q.r.head_hash;
	asked_release(&q);
	return u;
}

static void test_head(void **state)
{
	static const char first[] =
		"{\"model\":\"a\",\"system\":[{\"type\":\"text\",\"text\":"
		"\"x-anthropic-billing-header: 1\"},{\"type\":\"text\","
		"\"text\":\"S\"}],\"messages\":[{\"role\":\"user\","
		"\"content\":[{\"type\":\"text\",\"text\":\"Go\","
		"\"cache_control\":{}}]}]}";
	static const char later[] =
		"{\"model\":\"b\",\"system\":[{\"type\":\"text\",\"text\":"
		"\"x-anthropic-billing-header: 2\"},{\"type\":\"text\","
		"\"text\":\"S\"}],\"messages\":[{\"role\":\"user\","
		"\"content\":\"Go\"},{\"role\":\"assistant\",\"content\":"
		"\"ok\"},{\"role\":\"user\",\"content\":\"More\"}]}";
	static const char other[] =
		"{\"model\":\"a\",\"system\":\"S\",\"messages\":[{\"role\":"
		"\"user\",\"content\":\"Go!\"}]}";
	struct uuid a, b;

	(void)state;
	a = head_of(WIRE_ANTHROPIC, first);
	b = head_of(WIRE_ANTHROPIC, later);
	assert_true(uuid_eq(a, b));
	assert_false(uuid_is_nil(a));
	assert_false(uuid_eq(a, head_of(WIRE_ANTHROPIC, other)));
	assert_true(uuid_is_nil(head_of(WIRE_OPENAI_EMBEDDINGS,
					"{\"model\":\"m\",\"input\":\"x\"}")));
}

/* ---- what is refused ---- */

static void test_bad(void **state)
{
	static const struct {
		enum wire wire;
		const char *text, *why;
	} cases[] = {
		{WIRE_OPENAI_CHAT, "", "invalid JSON"},
		{WIRE_OPENAI_CHAT, "{", "invalid JSON"},
		{WIRE_OPENAI_CHAT, "[]", "not a JSON object"},
		{WIRE_OPENAI_CHAT, "{} x", "after the document"},
		{WIRE_OPENAI_CHAT, "{}", "names no \"model\""},
		{WIRE_OPENAI_CHAT, "{\"model\":\"\"}", "names no \"model\""},
		{WIRE_OPENAI_CHAT, "{\"model\":7}", "names no \"model\""},
		{WIRE_OPENAI_CHAT, "{\"model\":\"a\",\"model\":\"b\"}",
		 "\"model\" twice"},
		{WIRE_OPENAI_CHAT, "{\"model\":\"a\",\"mod\\u0065l\":\"b\"}",
		 "\"model\" twice"},
		{WIRE_OPENAI_CHAT, "{\"model\":\"a\",\"Model\":\"b\"}",
		 "\"Model\" for \"model\""},
		{WIRE_OPENAI_CHAT, "{\"model\":\"a\",\"N\":9}",
		 "\"N\" for \"n\""},
		{WIRE_ANTHROPIC,
		 "{\"model\":\"a\",\"messages\":[],\"messages\":[]}",
		 "\"messages\" twice"},
		{WIRE_OPENAI_CHAT, "{\"model\":\"\xff\"}", "UTF-8"},
		{WIRE_OPENAI_CHAT, "{\"model\":\"a\",\"messages\":[{]}",
		 "invalid JSON"},
	};
	struct asked q;

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		ask(&q, cases[i].wire, cases[i].text);
		assert_int_equal(q.rc, RC_BAD);
		if (!strstr(q.e.msg, cases[i].why))
			fail_msg("%s: %s", cases[i].text, q.e.msg);
		asked_release(&q);
	}
	ask(&q, WIRE_OTHER, "{\"a\":1}");
	assert_int_equal(q.rc, RC_OK);
	asked_release(&q);
}

/* What more is kept of names in escapes than there is room for could hide a
 * second model. */
static void test_hidden(void **state)
{
	struct asked q;
	struct buf b;

	(void)state;
	buf_init(&b, 8 << 20);
	buf_adds(&b, "{\"model\":\"a\"");
	for (int i = 0; i < 2000; i++)
		buf_addf(&b, ",\"\\u0061%01000d\":1", i);
	buf_adds(&b, ",\"mod\\u0065l\":\"b\"}");
	ask(&q, WIRE_OPENAI_CHAT, buf_str(&b));
	assert_int_equal(q.rc, RC_BAD);
	assert_non_null(strstr(q.e.msg, "escapes"));
	asked_release(&q);
	buf_release(&b);
}

/* How much may be asked for at most, however it is said. */
static void test_counts(void **state)
{
	static const struct {
		const char *text;
		int n;
		int64_t max;
	} cases[] = {
		{"", 1, -1},
		{",\"n\":2,\"max_tokens\":5", 2, 5},
		{",\"n\":null,\"max_tokens\":null", 1, -1},
		{",\"n\":2.5,\"max_tokens\":1e3", 3, 1000},
		{",\"n\":-1,\"max_tokens\":-1", 1, -1},
		{",\"n\":1e99,\"max_tokens\":1e99", 1024, INT32_MAX},
		{",\"n\":\"9\",\"max_tokens\":\"9\"", 128, -1},
		{",\"max_tokens\":5,\"max_completion_tokens\":[]", 1, -1},
		{",\"max_tokens\":5,\"max_completion_tokens\":null", 1, 5},
		{",\"max_tokens\":5,\"max_completion_tokens\":7", 1, 7},
	};
	char text[256];
	struct asked q;

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		snprintf(text, sizeof(text), "{\"model\":\"a\"%s}",
			 cases[i].text);
		ask(&q, WIRE_OPENAI_CHAT, text);
		assert_int_equal(q.rc, RC_OK);
		if (q.r.n != cases[i].n || q.r.max_output != cases[i].max)
			fail_msg("%s: n %d, max %lld", text, q.r.n,
				 (long long)q.r.max_output);
		asked_release(&q);
	}
}

/* Cut anywhere it is no JSON, and nothing is read beyond it. */
static void test_cut_bodies(void **state)
{
	char text[sizeof(chat)];
	struct asked q;

	(void)state;
	for (size_t n = 0; n < sizeof(chat) - 1; n++) {
		memcpy(text, chat, n);
		text[n] = 0;
		ask(&q, WIRE_OPENAI_CHAT, text);
		assert_int_equal(q.rc, RC_BAD);
		asked_release(&q);
	}
}

/* ---- long ones ---- */

static void test_long(void **state)
{
	size_t n = 3 << 20, at = 0;
	char *p = malloc(n + 200);
	struct asked q;

	(void)state;
	assert_non_null(p);
	at += (size_t)snprintf(p, 128,
			       "{\"model\":\"m\",\"messages\":[{\"role\":"
			       "\"user\",\"content\":\"");
	/* Escapes and characters of three bytes at every place of a cut. */
	for (size_t i = 0; at + 16 < n; i++)
		at += (size_t)snprintf(p + at, 64, "%s",
				       i % 3   ? "\\u20ac"
				       : i % 2 ? "\xe2\x82\xac"
					       : "a");
	at += (size_t)snprintf(p + at, 64, "\"}]}");
	ask(&q, WIRE_OPENAI_CHAT, p);
	assert_int_equal(q.rc, RC_OK);
	assert_true(q.r.text.len <= MODEL_TEXT_MAX);
	assert_true(q.r.text.len > MODEL_TEXT_MAX / 3);
	assert_true(str_utf8_ok(q.r.text));
	asked_release(&q);
	free(p);
}

static void test_many_tools(void **state)
{
	struct buf b;
	struct asked q;

	(void)state;
	buf_init(&b, 4 << 20);
	buf_adds(&b, "{\"model\":\"m\",\"messages\":[],\"tools\":[");
	for (int i = 0; i < 10000; i++)
		buf_addf(&b, "%s{\"type\":\"function\"}", i ? "," : "");
	buf_adds(&b, "]}");
	ask(&q, WIRE_OPENAI_CHAT, buf_str(&b));
	assert_int_equal(q.rc, RC_OK);
	assert_int_equal(q.r.tools, 10000);
	asked_release(&q);
	buf_release(&b);
}

/* ---- edits ---- */

static void edited(const char *text, enum wire wire, const char *model,
		   const char *want, bool injected)
{
	struct model_edit ed;
	struct asked q;
	struct buf b;

	ask(&q, wire, text);
	assert_int_equal(q.rc, RC_OK);
	model_request_edit(&q.r, q.body, str_from(model), &ed);
	buf_init(&b, 4096);
	for (int i = 0; i < ed.n; i++)
		buf_add(&b, ed.part[i].p, ed.part[i].len);
	assert_string_equal(buf_str(&b), want);
	assert_int_equal(b.len, ed.bytes);
	assert_int_equal(q.r.usage_injected, injected);
	buf_release(&b);
	asked_release(&q);
}

static void test_edit(void **state)
{
	(void)state;
	edited("{\"model\":\"a\"}", WIRE_OPENAI_CHAT, NULL, "{\"model\":\"a\"}",
	       false);
	edited("{\"x\":1, \"model\" : \"a\" }", WIRE_ANTHROPIC, "b\"c",
	       "{\"x\":1, \"model\" : \"b\\u0022c\" }", false);
	edited("{\"model\":\"a\",\"stream\":true}", WIRE_OPENAI_CHAT, "bb",
	       "{\"stream_options\":{\"include_usage\":true},\"model\":\"bb\","
	       "\"stream\":true}",
	       true);
	edited("{\"stream\":true,\"stream_options\":{},\"model\":\"a\"}",
	       WIRE_OPENAI_CHAT, "b",
	       "{\"stream\":true,\"stream_options\":{\"include_usage\":true},"
	       "\"model\":\"b\"}",
	       true);
	edited("{\"stream\":true,\"model\":\"a\",\"stream_options\":{ \"x\":1}}",
	       WIRE_OPENAI_CHAT, NULL,
	       "{\"stream\":true,\"model\":\"a\",\"stream_options\":{"
	       "\"include_usage\":true, \"x\":1}}",
	       true);
	edited("{\"stream\":true,\"model\":\"a\",\"stream_options\":{"
	       "\"include_usage\":false}}",
	       WIRE_OPENAI_CHAT, NULL,
	       "{\"stream\":true,\"model\":\"a\",\"stream_options\":{"
	       "\"include_usage\":true}}",
	       true);
	edited("{\"stream\":true,\"model\":\"a\",\"stream_options\":null}",
	       WIRE_OPENAI_CHAT, NULL,
	       "{\"stream\":true,\"model\":\"a\",\"stream_options\":{"
	       "\"include_usage\":true}}",
	       true);
	/* Asked for, or not needed. */
	edited("{\"stream\":true,\"model\":\"a\",\"stream_options\":{"
	       "\"include_usage\":true}}",
	       WIRE_OPENAI_CHAT, NULL,
	       "{\"stream\":true,\"model\":\"a\",\"stream_options\":{"
	       "\"include_usage\":true}}",
	       false);
	edited("{\"model\":\"a\",\"stream\":true}", WIRE_OPENAI_RESPONSES, NULL,
	       "{\"model\":\"a\",\"stream\":true}", false);
}

/* ---- errors ---- */

static void test_errors(void **state)
{
	struct err e;
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	err_set(&e, RC_BAD, "say \"%s\"", "it");
	wire_error(WIRE_OPENAI_CHAT, 429, NULL, &e, &b);
	assert_string_equal(buf_str(&b),
			    "{\"error\":{\"message\":\"say \\\"it\\\"\","
			    "\"type\":\"rate_limit_error\",\"param\":null,"
			    "\"code\":null}}");
	buf_clear(&b);
	wire_error(WIRE_ANTHROPIC, 402, NULL, &e, &b);
	assert_string_equal(buf_str(&b),
			    "{\"type\":\"error\",\"error\":{\"type\":"
			    "\"billing_error\",\"message\":\"say \\\"it\\\"\""
			    "}}");
	buf_clear(&b);
	wire_error_event(WIRE_OPENAI_RESPONSES, 500, "boom", &e, &b);
	assert_string_equal(buf_str(&b),
			    "event: error\ndata: {\"type\":\"error\",\"code\":"
			    "\"boom\",\"message\":\"say \\\"it\\\"\","
			    "\"param\":null}\n\n");
	buf_release(&b);
}

/* ---- what is no text ---- */

static void media(enum wire wire, const char *text, int images, int other,
		  int elsewhere, size_t bytes)
{
	struct asked q;

	ask(&q, wire, text);
	assert_int_equal(q.rc, RC_OK);
	assert_int_equal(q.r.images, images);
	assert_int_equal(q.r.media, other);
	assert_int_equal(q.r.elsewhere, elsewhere);
	assert_int_equal(q.r.inline_bytes, bytes);
	asked_release(&q);
}

#define USER(parts)                                                            \
	"{\"model\":\"m\",\"messages\":[{\"content\":[" parts                  \
	"],\"role\":\"user\"}]}"
#define URL_DATA "{\"url\":\"data:image/png;base64,AAAA\"}"

static void test_media(void **state)
{
	(void)state;
	media(WIRE_OPENAI_CHAT, USER("{\"type\":\"text\",\"text\":\"image\"}"),
	      0, 0, 0, 0);
	media(WIRE_OPENAI_CHAT,
	      USER("{\"type\":\"image_url\",\"image_url\":" URL_DATA "},"
		   "{\"image_url\":{\"url\":\"https://h/a\"},\"type\":"
		   "\"image_url\"},{\"type\":\"input_audio\",\"input_audio\":"
		   "{\"data\":\"AA\",\"format\":\"wav\"}},{\"type\":\"file\","
		   "\"file\":{\"file_id\":\"file-1\"}}"),
	      2, 2, 2,
	      strlen(URL_DATA) +
		      strlen("{\"data\":\"AA\",\"format\":\"wav\"}"));
	media(WIRE_OPENAI_RESPONSES,
	      "{\"model\":\"m\",\"input\":[{\"role\":\"user\",\"content\":"
	      "[{\"type\":\"input_image\",\"image_url\":\"data:image/png;"
	      "base64,AA\"},{\"type\":\"input_file\",\"file_url\":\"u\"}]},"
	      "{\"type\":\"computer_call_output\",\"call_id\":\"c\","
	      "\"output\":{\"type\":\"computer_screenshot\",\"image_url\":"
	      "\"data:image/png;base64,AAAA\"}}]}",
	      2, 1, 1,
	      strlen("\"data:image/png;base64,AA\"\"data:image/png;base64,"
		     "AAAA\""));
	media(WIRE_ANTHROPIC,
	      "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":"
	      "[{\"type\":\"image\",\"source\":{\"type\":\"url\",\"url\":"
	      "\"u\"}},{\"type\":\"tool_result\",\"tool_use_id\":\"t\","
	      "\"content\":[{\"type\":\"text\",\"text\":\"x\"},{\"type\":"
	      "\"image\",\"source\":{\"type\":\"base64\",\"data\":\"AA\"}}]}]"
	      "}]}",
	      2, 0, 1, strlen("{\"type\":\"base64\",\"data\":\"AA\"}"));
}

static void test_what_it_may_cost(void **state)
{
	struct asked q;

	(void)state;
	ask(&q, WIRE_OPENAI_RESPONSES,
	    "{\"model\":\"m\",\"service_tier\":\"priority\",\"prompt\":"
	    "{\"id\":\"p\"},\"input\":\"x\"}");
	assert_int_equal(q.rc, RC_OK);
	expect_str(q.r.service, "priority");
	assert_true(q.r.stored_context);
	assert_false(q.r.caches);
	asked_release(&q);
	ask(&q, WIRE_ANTHROPIC,
	    "{\"model\":\"m\",\"speed\":\"fast\",\"service_tier\":\"auto\","
	    "\"system\":[{\"type\":\"text\",\"text\":\"s\",\"cache_control\":"
	    "{\"type\":\"ephemeral\"}}],\"messages\":[]}");
	assert_int_equal(q.rc, RC_OK);
	expect_str(q.r.service, "fast");
	assert_true(q.r.caches);
	assert_false(q.r.stored_context);
	asked_release(&q);
	ask(&q, WIRE_ANTHROPIC, "{\"model\":\"m\",\"messages\":[]}");
	expect_str(q.r.service, NULL);
	assert_false(q.r.caches);
	asked_release(&q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fixture),
		cmocka_unit_test(test_chat),
		cmocka_unit_test(test_responses),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_hidden),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_cut_bodies),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_many_tools),
		cmocka_unit_test(test_edit),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_media),
		cmocka_unit_test(test_what_it_may_cost),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
