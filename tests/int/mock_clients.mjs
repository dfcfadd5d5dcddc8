// Real clients against aco mock: what they make of its replies, whole and
// streamed, good and bad. Prints TAP.
//   node mock_clients.mjs MOCK-URL
// Needs node_modules beside or above the working folder.
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const require = createRequire(join(process.cwd(), "x.cjs"));
const load = (name) => import(pathToFileURL(require.resolve(name)));
const url = process.argv[2];
const { default: OpenAI } = await load("openai");
const { default: Anthropic } = await load("@anthropic-ai/sdk");

const openai = new OpenAI({ baseURL: url + "/v1", apiKey: "k", maxRetries: 2 });
const anthropic = new Anthropic({ baseURL: url, apiKey: "k", maxRetries: 2 });

let n = 0, bad = 0;

async function test(name, fn) {
  n++;
  try {
    await fn();
    console.log(`ok ${n} - ${name}`);
  } catch (e) {
    bad++;
    console.log(`not ok ${n} - ${name}`);
    console.log(String(e.stack ?? e).replace(/^/gm, "# "));
  }
}

function want(ok, what) {
  if (!ok) throw new Error(what);
}

async function fails(promise, status) {
  try {
    await promise;
  } catch (e) {
    want(e.status === status, `status ${e.status}: ${e}`);
    return e;
  }
  throw new Error(`did not fail with ${status}`);
}

const user = [{ role: "user", content: "[[task=7 difficulty=0.2]] hello" }];
const call = [{ role: "user", content: '[[call weather {"city":"Bonn"}]]' }];
const schema = { type: "object", properties: { city: { type: "string" } } };

await test("chat, with log-probabilities", async () => {
  const r = await openai.chat.completions.create({
    model: "mock-90", messages: user, logprobs: true, top_logprobs: 2 });
  const c = r.choices[0];
  want(c.finish_reason === "stop", c.finish_reason);
  want(c.message.content.startsWith("[[verdict="), c.message.content);
  want(c.logprobs.content.length === r.usage.completion_tokens, "tokens");
  want(c.logprobs.content[0].top_logprobs.length === 2, "alternatives");
  want(r.usage.total_tokens === r.usage.prompt_tokens +
    r.usage.completion_tokens, "total");
});

await test("chat, streamed", async () => {
  const s = await openai.chat.completions.create({
    model: "mock-90", messages: user, stream: true,
    stream_options: { include_usage: true } });
  let text = "", usage = null, finish = null;
  for await (const c of s) {
    text += c.choices[0]?.delta?.content ?? "";
    finish = c.choices[0]?.finish_reason ?? finish;
    usage = c.usage ?? usage;
  }
  want(text.startsWith("[[verdict="), text);
  want(finish === "stop" && usage.completion_tokens > 0, "the end");
});

await test("chat, streamed, put together by the client", async () => {
  const r = await openai.chat.completions.stream({
    model: "mock-90", messages: call, tools: [{ type: "function",
      function: { name: "weather", parameters: schema } }],
  }).finalChatCompletion();
  const f = r.choices[0].message.tool_calls[0].function;
  want(f.name === "weather" && JSON.parse(f.arguments).city === "Bonn",
    JSON.stringify(f));
  want(r.choices[0].finish_reason === "tool_calls", "the end");
});

await test("chat, JSON by a schema", async () => {
  const r = await openai.chat.completions.create({
    model: "mock-90", messages: [{ role: "user", content: "x" }],
    response_format: { type: "json_schema",
      json_schema: { name: "a", schema: { type: "object" } } } });
  want(typeof JSON.parse(r.choices[0].message.content).answer === "string",
    "no answer");
});

await test("responses", async () => {
  const r = await openai.responses.create({ model: "mock-90", input: "hi" });
  want(r.status === "completed" && r.output_text.length > 10, r.output_text);
  want(r.usage.output_tokens > 0, "usage");
});

await test("responses, streamed, with encrypted reasoning and a call", async () => {
  const s = openai.responses.stream({ model: "mock-90",
    input: call, include: ["reasoning.encrypted_content"],
    tools: [{ type: "function", name: "weather", parameters: schema,
      strict: false }] });
  let deltas = "", last = -1;
  for await (const e of s) {
    want(e.sequence_number === last + 1, "the events' numbers");
    last = e.sequence_number;
    if (e.type === "response.function_call_arguments.delta") deltas += e.delta;
  }
  const r = await s.finalResponse();
  want(JSON.parse(deltas).city === "Bonn", deltas);
  want(r.output[0].type === "reasoning" && r.output[1].name === "weather",
    JSON.stringify(r.output));
  // The next turn, with the reasoning and the result.
  const next = [...call, ...r.output, { type: "function_call_output",
    call_id: r.output[1].call_id, output: "sunny" }];
  const t = await openai.responses.create({ model: "mock-70", input: next });
  want(t.output_text.length > 10, "no text");
  await fails(openai.responses.create({ model: "other", input: next }), 400);
});

await test("embeddings, as the client decodes them", async () => {
  const r = await openai.embeddings.create({ model: "e", input: "text" });
  want(r.data[0].embedding.length === 24, "24 numbers");
  want(r.usage.prompt_tokens > 0, "usage");
});

await test("models", async () => {
  const names = [];
  for await (const m of openai.models.list()) names.push(m.id);
  want(names.includes("mock-70"), names.join());
  const a = [];
  for await (const m of anthropic.models.list()) a.push(m.id);
  want(a.includes("mock-70"), a.join());
});

await test("messages", async () => {
  const r = await anthropic.messages.create({ model: "mock-90",
    max_tokens: 300, messages: user });
  want(r.stop_reason === "end_turn", r.stop_reason);
  want(r.content[0].text.startsWith("[[verdict="), r.content[0].text);
  want(r.usage.output_tokens > 0, "usage");
});

await test("messages, streamed, with signed thinking and a call", async () => {
  const s = anthropic.messages.stream({ model: "mock-90", max_tokens: 3000,
    thinking: { type: "enabled", budget_tokens: 1024 }, messages: call,
    tools: [{ name: "weather", input_schema: schema }] });
  const r = await s.finalMessage();
  want(r.stop_reason === "tool_use", r.stop_reason);
  want(r.content[0].signature.startsWith("mocksig:"), "the signature");
  want(r.content[1].input.city === "Bonn", JSON.stringify(r.content[1]));
  const next = [...call, { role: "assistant", content: r.content },
    { role: "user", content: [{ type: "tool_result",
      tool_use_id: r.content[1].id, content: "sunny" }] }];
  const t = await anthropic.messages.create({ model: "mock-70",
    max_tokens: 300, messages: next });
  want(t.content[0].type === "text", "no text");
  await fails(anthropic.messages.create({ model: "other", max_tokens: 300,
    messages: next }), 400);
});

await test("count_tokens", async () => {
  const r = await anthropic.messages.countTokens({ model: "m", messages: user });
  want(r.input_tokens > 0, "no count");
});

await test("errors are their classes", async () => {
  const once = { maxRetries: 0 };
  const ask = (model) => openai.chat.completions.create(
    { model, messages: user }, once);
  want((await fails(ask("mock-401"), 401)) instanceof
    OpenAI.AuthenticationError, "401");
  want((await fails(ask("mock-429"), 429)) instanceof
    OpenAI.RateLimitError, "429");
  want((await fails(ask("mock-quota"), 429)).code === "insufficient_quota",
    "quota");
  want((await fails(ask("mock-500"), 500)) instanceof
    OpenAI.InternalServerError, "500");
  const a = await fails(anthropic.messages.create({ model: "mock-529",
    max_tokens: 9, messages: user }, once), 529);
  want(a.error.error.type === "overloaded_error", JSON.stringify(a.error));
});

await test("clients retry as they are told", async () => {
  const ask = (mock, content) => openai.chat.completions.create(
    { model: "m", messages: [{ role: "user", content }] },
    { headers: { "x-mock": mock } });
  await ask("429, retry-after-ms=1, once=2", "a");
  await ask("503, retry-after-ms=1, once=1", "b");
  await ask("400, should-retry=true, retry-after-ms=1, once=1", "c");
  await fails(ask("500, should-retry=false, once=1", "d"), 500);
});

await test("an error in a stream is an error", async () => {
  const s = anthropic.messages.stream({ model: "mock-90", max_tokens: 99,
    messages: user }, { headers: { "x-mock": "error-mid" } });
  let e = null;
  try {
    await s.finalMessage();
  } catch (x) {
    e = x;
  }
  want(e && /overloaded/i.test(JSON.stringify(e.error ?? e.message)),
    String(e));
});

await test("a stream that breaks off is an error", async () => {
  const s = await openai.chat.completions.create({ model: "m",
    messages: user, stream: true }, { headers: { "x-mock": "reset" } });
  let e = null;
  try {
    for await (const c of s) void c;
  } catch (x) {
    e = x;
  }
  want(e, "no error");
});

await test("a refusal", async () => {
  const r = await openai.chat.completions.create({ model: "mock-refuse",
    messages: user });
  want(r.choices[0].message.refusal, "no refusal");
  const a = await anthropic.messages.create({ model: "mock-refuse",
    max_tokens: 9, messages: user });
  want(a.stop_reason === "refusal", a.stop_reason);
});

console.log(`1..${n}`);
process.exit(bad > 0 ? 1 : 0);
