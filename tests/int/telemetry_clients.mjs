// Real clients, pointed at a daemon: each makes calls to a provider of ours
// that answers on loopback, or tells of calls in its own words.
//   node telemetry_clients.mjs NAME DAEMON-URL
// Needs node_modules beside or above the working folder.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { mkdtempSync, writeFileSync, rmSync } from "node:fs";
import { spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";

const require = createRequire(join(process.cwd(), "x.cjs"));
const [name, url] = process.argv.slice(2);

// ---- the provider ----

const usage = {
  input_tokens: 1200,
  input_tokens_details: { cached_tokens: 1000 },
  output_tokens: 30,
  output_tokens_details: { reasoning_tokens: 10 },
  total_tokens: 1230,
};

function responseBody(model, status) {
  return {
    id: "resp_0123456789abcdef0123456789abcdef0123456789abcdef",
    object: "response", created_at: 1758800000, status, model,
    error: null, incomplete_details: null, instructions: null, metadata: {},
    parallel_tool_calls: true, previous_response_id: null, store: false,
    temperature: 1, tool_choice: "auto", tools: [], top_p: 1,
    reasoning: { effort: null, summary: null }, service_tier: "default",
    output: status !== "completed" ? [] : [{
      id: "msg_1", type: "message", role: "assistant", status: "completed",
      content: [{ type: "output_text", text: "done", annotations: [] }],
    }],
    usage: status === "completed" ? usage : null,
  };
}

function answerResponses(res, body) {
  if (!body.stream) {
    res.setHeader("content-type", "application/json");
    res.end(JSON.stringify(responseBody(body.model, "completed")));
    return;
  }
  const whole = responseBody(body.model, "completed");
  const item = whole.output[0];
  const events = [
    ["response.created", { response: responseBody(body.model, "in_progress") }],
    ["response.output_item.added",
      { output_index: 0, item: { ...item, status: "in_progress", content: [] } }],
    ["response.output_text.delta", { item_id: item.id, output_index: 0,
      content_index: 0, delta: "done" }],
    ["response.output_item.done", { output_index: 0, item }],
    ["response.completed", { response: whole }],
  ];
  res.setHeader("content-type", "text/event-stream");
  events.forEach(([type, data], i) =>
    res.write(`event: ${type}\ndata: ${JSON.stringify({
      type, sequence_number: i, ...data })}\n\n`));
  res.end();
}

function answerChat(res, body) {
  res.setHeader("content-type", "application/json");
  res.end(JSON.stringify({
    id: "chatcmpl-0123456789abcdefghijklmnopqrs", object: "chat.completion",
    created: 1758800000, model: body.model, service_tier: "default",
    choices: [{ index: 0, finish_reason: "stop", logprobs: null,
      message: { role: "assistant", content: "done", refusal: null } }],
    usage: { prompt_tokens: 1200, completion_tokens: 30, total_tokens: 1230,
      prompt_tokens_details: { cached_tokens: 1000 },
      completion_tokens_details: { reasoning_tokens: 10 } },
  }));
}

async function provider() {
  const server = createServer((req, res) => {
    const parts = [];
    req.on("data", (c) => parts.push(c));
    req.on("end", () => {
      let body = {};
      try { body = JSON.parse(Buffer.concat(parts).toString()); } catch {}
      if (req.url.includes("/chat/completions")) answerChat(res, body);
      else if (req.url.includes("/responses")) answerResponses(res, body);
      else {
        res.setHeader("content-type", "application/json");
        res.end('{"object":"list","data":[]}');
      }
    });
  });
  await new Promise((ok) => server.listen(0, "127.0.0.1", ok));
  server.unref();
  return `http://127.0.0.1:${server.address().port}/v1`;
}

// ---- OpenTelemetry's own exporters ----

async function otel(kind, gzip) {
  const { BasicTracerProvider, BatchSpanProcessor } =
    require("@opentelemetry/sdk-trace-base");
  const { OTLPTraceExporter } =
    require(`@opentelemetry/exporter-trace-otlp-${kind}`);
  const api = require("@opentelemetry/api");
  const exporter = new OTLPTraceExporter({
    url: `${url}/v1/traces`, compression: gzip ? "gzip" : "none" });
  const p = new BasicTracerProvider({
    spanProcessors: [new BatchSpanProcessor(exporter)] });
  const tracer = p.getTracer("acceptance");
  const agent = tracer.startSpan("invoke_agent fixer", { attributes: {
    "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "fixer",
    "gen_ai.conversation.id": `conv-${kind}-${gzip}`,
    "gen_ai.usage.input_tokens": 2400, "gen_ai.usage.output_tokens": 60 } });
  const ctx = api.trace.setSpan(api.ROOT_CONTEXT, agent);
  for (const n of [1, 2]) {
    const s = tracer.startSpan("chat gpt-4o", { attributes: {
      "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai",
      "gen_ai.request.model": "gpt-4o",
      "gen_ai.response.model": "gpt-4o-2024-11-20",
      "gen_ai.conversation.id": `conv-${kind}-${gzip}`,
      "gen_ai.response.id": `chatcmpl-${kind}-${gzip}-${n}`,
      "gen_ai.usage.input_tokens": 1200,
      "gen_ai.usage.cache_read.input_tokens": 1000,
      "gen_ai.usage.output_tokens": 30 } }, ctx);
    s.end();
  }
  agent.end();
  await p.forceFlush();
  await p.shutdown();
}

// ---- libraries with a telemetry of their own ----

async function traceloop() {
  const base = await provider();
  const OpenAI = require("openai");
  const sdk = require("@traceloop/node-server-sdk");
  sdk.initialize({ appName: "acceptance", baseUrl: url, apiKey: "none",
    disableBatch: true, silenceInitializationMessage: true,
    instrumentModules: { openAI: OpenAI.OpenAI ?? OpenAI } });
  const Client = OpenAI.OpenAI ?? OpenAI;
  const client = new Client({ apiKey: "none", baseURL: base });
  await sdk.withWorkflow({ name: "fix" }, async () =>
    client.chat.completions.create({ model: "gpt-4o-2024-11-20",
      messages: [{ role: "user", content: "hello" }] }));
  await sdk.forceFlush();
}

async function langfuse() {
  const { NodeTracerProvider } = require("@opentelemetry/sdk-trace-node");
  const { LangfuseSpanProcessor } = require("@langfuse/otel");
  const { startObservation } = require("@langfuse/tracing");
  const p = new NodeTracerProvider({ spanProcessors: [
    new LangfuseSpanProcessor({ publicKey: "pk-lf-x", secretKey: "sk-lf-x",
      baseUrl: url, exportMode: "immediate" })] });
  p.register();
  const outer = startObservation("fix");
  const g = outer.startObservation("call", { model: "gpt-4o-2024-11-20",
    usageDetails: { input: 200, input_cached_tokens: 1000, output: 30 } },
    { asType: "generation" });
  g.end();
  outer.end();
  await p.forceFlush();
  await p.shutdown();
}

async function aisdk() {
  const base = await provider();
  const { NodeTracerProvider, BatchSpanProcessor } =
    require("@opentelemetry/sdk-trace-node");
  const { OTLPTraceExporter } =
    require("@opentelemetry/exporter-trace-otlp-http");
  const { generateText } = require("ai");
  const { createOpenAI } = require("@ai-sdk/openai");
  const p = new NodeTracerProvider({ spanProcessors: [new BatchSpanProcessor(
    new OTLPTraceExporter({ url: `${url}/v1/traces` }))] });
  p.register();
  const openai = createOpenAI({ apiKey: "none", baseURL: base });
  await generateText({ model: openai("gpt-5-2025-08-07"), prompt: "hello",
    experimental_telemetry: { isEnabled: true, functionId: "fix" } });
  await p.forceFlush();
  await p.shutdown();
}

async function codex() {
  const base = await provider();
  const home = mkdtempSync(join(tmpdir(), "aco-codex-"));
  writeFileSync(join(home, "config.toml"), `
model = "gpt-5-2025-08-07"
model_provider = "fake"
[model_providers.fake]
name = "fake"
base_url = "${base}"
wire_api = "responses"
env_key = "FAKE_KEY"
[otel]
environment = "test"
log_user_prompt = false
exporter = { otlp-http = { endpoint = "${url}/v1/logs", protocol = "json" } }
`);
  const child = spawn(join(process.cwd(), "node_modules/.bin/codex"),
    ["exec", "--skip-git-repo-check", "-s", "read-only", "say done"],
    { cwd: home, stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, CODEX_HOME: home, HOME: home, FAKE_KEY: "x" } });
  let said = "";
  child.stdout.on("data", (d) => (said += d));
  child.stderr.on("data", (d) => (said += d));
  const killer = setTimeout(() => child.kill("SIGKILL"), 60000);
  const code = await new Promise((ok) => child.on("close", ok));
  clearTimeout(killer);
  rmSync(home, { recursive: true, force: true });
  if (code !== 0) {
    console.error(said);
    process.exit(1);
  }
}

const clients = {
  "otel-json": () => otel("http", false),
  "otel-json-gzip": () => otel("http", true),
  "otel-protobuf": () => otel("proto", false),
  "otel-protobuf-gzip": () => otel("proto", true),
  traceloop, langfuse, aisdk, codex,
};
await clients[name]();
process.exit(0);
