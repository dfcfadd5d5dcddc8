// One real client against a provider, or against the gateway in front of it:
//   node gateway_clients.mjs NAME URL
// Prints what it got as one line of JSON: {"calls":N,"in":N,"out":N,"said":...}
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [name, url] = process.argv.slice(2);
const require = createRequire(join(process.cwd(), "x.js"));
const prompt = "Count to three, please. [[task=7 difficulty=0.2]]";
const messages = [{ role: "user", content: prompt }];
const gpt = "gpt-5-mini", claude = "claude-sonnet-4-5";
const got = { calls: 0, in: 0, out: 0, said: [] };

function add(input, output, ...said) {
  got.calls++;
  got.in += input;
  got.out += output;
  got.said.push(...said);
}

function openai() {
  const { OpenAI } = require("openai");
  return new OpenAI({ apiKey: "none", baseURL: `${url}/v1` });
}

async function chat() {
  const r = await openai().chat.completions.create({ model: gpt, messages,
    tools: [{ type: "function", function: { name: "f", parameters: {
      type: "object", properties: {} } } }] });
  add(r.usage.prompt_tokens, r.usage.completion_tokens, r.choices[0]);
}

// It does not ask for usage, and must not be shown a chunk without a choice.
async function chatStream() {
  const s = await openai().chat.completions.create({ model: gpt, messages,
    stream: true });
  let text = "", finish = "";
  for await (const c of s) {
    text += c.choices[0].delta.content ?? "";
    finish = c.choices[0].finish_reason ?? finish;
  }
  got.calls++;
  // What is said follows from the whole request, which asks for usage too.
  got.said.push(text.slice(0, 40), finish);
}

async function responses() {
  const r = await openai().responses.create({ model: gpt, input: prompt });
  add(r.usage.input_tokens, r.usage.output_tokens, r.output_text, r.status);
}

async function responsesStream() {
  const s = await openai().responses.create({ model: gpt, input: prompt,
    stream: true });
  let text = "", last;
  for await (const e of s) {
    if (e.type === "response.output_text.delta")
      text += e.delta;
    last = e;
  }
  add(last.response.usage.input_tokens, last.response.usage.output_tokens,
    last.type, text);
}

async function embeddings() {
  const r = await openai().embeddings.create({
    model: "text-embedding-3-small", input: "one" });
  add(r.usage.prompt_tokens, 0, r.data.length, r.data[0].embedding[0]);
}

function anthropic() {
  const { Anthropic } = require("@anthropic-ai/sdk");
  return new Anthropic({ apiKey: "none", baseURL: url });
}

async function claudeWhole() {
  const r = await anthropic().messages.create({ model: claude, messages,
    max_tokens: 500 });
  add(r.usage.input_tokens, r.usage.output_tokens, r.content, r.stop_reason);
}

async function claudeStream() {
  const r = await anthropic().messages.stream({ model: claude, messages,
    max_tokens: 500 }).finalMessage();
  add(r.usage.input_tokens, r.usage.output_tokens, r.content, r.stop_reason);
}

// What may be asked for by name, as each SDK reads it.
async function lists() {
  for (const sdk of [openai(), anthropic()]) {
    const ids = [];
    for await (const m of sdk.models.list())
      ids.push(m.id);
    got.said.push(ids.filter((id) => !id.includes(":")));
    got.said.push((await sdk.models.retrieve("auto")).id);
  }
}

// Signed thinking goes back as it came, whoever `auto` would choose then.
async function claudeTurns() {
  const ask = { model: "auto", max_tokens: 2000,
    thinking: { type: "enabled", budget_tokens: 1024 } };
  const one = await anthropic().messages.create({ ...ask, messages });
  const two = await anthropic().messages.create({ ...ask, messages: [
    ...messages, { role: "assistant", content: one.content },
    { role: "user", content: "Go on." }] },
    { headers: { "x-aco-class": "legal" } });
  for (const r of [one, two])
    add(r.usage.input_tokens, r.usage.output_tokens, r.model);
}

// The same for encrypted reasoning.
async function gptTurns() {
  const ask = { model: "auto", store: false,
    include: ["reasoning.encrypted_content"], reasoning: { effort: "low" } };
  const input = [{ role: "user", content: prompt }];
  const one = await openai().responses.create({ ...ask, input });
  const two = await openai().responses.create({ ...ask, input: [...input,
    ...one.output, { role: "user", content: "Go on." }] },
    { headers: { "x-aco-class": "legal" } });
  for (const r of [one, two])
    add(r.usage.input_tokens, r.usage.output_tokens, r.model);
}

async function ai(model) {
  const { generateText, streamText } = require("ai");
  const one = await generateText({ model, prompt, maxOutputTokens: 500 });
  const two = streamText({ model, prompt, maxOutputTokens: 500 });
  const text = await two.text, usage = await two.usage;
  add(one.usage.inputTokens, one.usage.outputTokens, one.text,
    one.finishReason);
  add(usage.inputTokens, usage.outputTokens, text);
}

function aiOpenai() {
  const { createOpenAI } = require("@ai-sdk/openai");
  return createOpenAI({ apiKey: "none", baseURL: `${url}/v1` });
}

async function aiClaude() {
  const { createAnthropic } = require("@ai-sdk/anthropic");
  await ai(createAnthropic({ apiKey: "none", baseURL: `${url}/v1` })(claude));
}

// Two turns: the model calls a tool, Codex runs it, the model ends.
async function codex() {
  const home = mkdtempSync(join(tmpdir(), "aco-codex-"));
  writeFileSync(join(home, "config.toml"), `
model = "gpt-5-mini"
model_provider = "fake"
[model_providers.fake]
name = "fake"
base_url = "${url}/v1"
wire_api = "responses"
env_key = "FAKE_KEY"
`);
  const child = spawn(join(process.cwd(), "node_modules/.bin/codex"), ["exec",
    "--skip-git-repo-check", "-s", "danger-full-access", "--json",
    `[[call exec_command {"cmd":"echo from the tool"}]] ${prompt}`],
    { cwd: home, stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, CODEX_HOME: home, HOME: home, FAKE_KEY: "x" } });
  let out = "", err = "";
  child.stdout.on("data", (d) => (out += d));
  child.stderr.on("data", (d) => (err += d));
  const killer = setTimeout(() => child.kill("SIGKILL"), 60000);
  const code = await new Promise((ok) => child.on("close", ok));
  clearTimeout(killer);
  rmSync(home, { recursive: true, force: true });
  if (code !== 0) {
    console.error(out, err);
    process.exit(1);
  }
  let tokens = 0;
  for (const line of out.split("\n").filter((l) => l.startsWith("{"))) {
    const e = JSON.parse(line);
    // Its requests hold ids of their own, and so replies are never the same.
    if (e.type === "item.completed" && e.item.type !== "error")
      got.said.push(e.item.type, e.item.text?.slice(0, 40) ??
        e.item.aggregated_output);
    if (e.type === "turn.completed")
      tokens = e.usage.input_tokens + e.usage.output_tokens;
  }
  got.calls = got.said.includes("command_execution") && tokens ? 2 : 0;
}

const clients = {
  chat, "chat-stream": chatStream, responses,
  "responses-stream": responsesStream, embeddings, claude: claudeWhole,
  "claude-stream": claudeStream, "claude-turns": claudeTurns,
  "gpt-turns": gptTurns, lists, "ai-responses": () => ai(aiOpenai()(gpt)),
  "ai-chat": () => ai(aiOpenai().chat(gpt)), "ai-claude": aiClaude, codex,
};
await clients[name]();
console.log(JSON.stringify(got));
process.exit(0);
