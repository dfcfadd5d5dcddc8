// Claude Code transcripts that are easy to count wrongly, and a comparison of
// what aco and ccusage make of them. Called by ccusage_test.sh:
//   node ccusage.mjs make DIR            write each case to DIR/CASE/projects
//   node ccusage.mjs compare DIR ATTEMPTS CCUSAGE
//                                        TAP; ATTEMPTS: `aco export attempts`
// The folder's name is the team of what was imported from it, so that one
// ledger holds all cases.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";

const SONNET = "claude-sonnet-4-5-20250929";
const OPUS = "claude-opus-4-6";
const usage = (o = {}) => ({
  input_tokens: 350, output_tokens: 512, cache_read_input_tokens: 10000,
  cache_creation_input_tokens: 2000,
  cache_creation: { ephemeral_5m_input_tokens: 2000, ephemeral_1h_input_tokens: 0 },
  service_tier: "standard", ...o,
});

// One assistant line. `o` replaces parts: id, req, model, usage, line.
let clock = 0;
function line(session, o = {}) {
  const at = new Date(Date.UTC(2026, 9, 5, 10, 0, 0) + 1000 * clock++);
  const message = {
    id: o.id && o.id.padEnd(28, "x"), type: "message", role: "assistant", model: o.model ?? SONNET,
    content: [{ type: "text", text: "..." }], stop_reason: "end_turn",
    usage: o.usage ?? usage(),
  };
  return {
    parentUuid: null, isSidechain: false, message, requestId: o.req && o.req.padEnd(24, "x"),
    type: "assistant", uuid: `00000000-0000-4000-8000-${String(clock).padStart(12, "0")}`,
    timestamp: at.toISOString(), userType: "external", cwd: "/home/dev/app",
    sessionId: session, version: "2.1.197", gitBranch: "main", ...o.line,
  };
}
const text = (...lines) =>
  lines.map((l) => (typeof l === "string" ? l : JSON.stringify(l) + "\n")).join("");

// Each makes { FILE: content }; "s" at the head of FILE becomes the case's name.
const cases = {
  plain: () => ({ s: text(line("plain", { id: "msg_01plainA", req: "req_A" })) }),
  "two-lines": () => ({ s: text(
    line("two-lines", { id: "msg_01twoA", req: "req_A" }),
    line("two-lines", { id: "msg_01twoA", req: "req_A" })) }),
  "grown-usage": () => ({ s: text(
    line("grown-usage", { id: "msg_01grownA", req: "req_A", usage: usage({ output_tokens: 1 }) }),
    line("grown-usage", { id: "msg_01grownA", req: "req_A" })) }),
  "shrunk-usage": () => ({ s: text(
    line("shrunk-usage", { id: "msg_01shrunkA", req: "req_A" }),
    line("shrunk-usage", { id: "msg_01shrunkA", req: "req_A", usage: usage({ output_tokens: 1 }) })) }),
  resumed: () => {
    const a = line("resumed-1", { id: "msg_01resA", req: "req_A" });
    return {
      "s-1": text(a, line("resumed-1", { id: "msg_01resB", req: "req_B" })),
      "s-2": text({ ...a, sessionId: "resumed-2" },
        line("resumed-2", { id: "msg_01resC", req: "req_C" })),
    };
  },
  "sidechain-replay": () => ({ s: text(
    line("sidechain-replay", { id: "msg_01sideA", req: "req_A" }),
    line("sidechain-replay", { id: "msg_01sideA", req: "req_B", line: { isSidechain: true } })) }),
  "sidechain-agent": () => ({
    s: text(line("sidechain-agent", { id: "msg_01agA", req: "req_A" })),
    "s/subagents/agent-1": text(line("sidechain-agent", { id: "msg_01agB", req: "req_B", line: { isSidechain: true } })),
  }),
  "one-hour": () => ({ s: text(line("one-hour", { id: "msg_01hourA", req: "req_A",
    usage: usage({ cache_creation: { ephemeral_5m_input_tokens: 500, ephemeral_1h_input_tokens: 1500 } }) })) }),
  "no-split": () => ({ s: text(line("no-split", { id: "msg_01splitA", req: "req_A",
    usage: usage({ cache_creation: undefined }) })) }),
  fast: () => ({ s: text(line("fast", { id: "msg_01fastA", req: "req_A", model: OPUS,
    usage: usage({ speed: "fast" }) })) }),
  "long-context": () => ({ s: text(line("long-context", { id: "msg_01longA", req: "req_A",
    usage: usage({ input_tokens: 250000 }) })) }),
  synthetic: () => ({ s: text(
    line("synthetic", { id: "msg_01synA", req: "req_A" }),
    line("synthetic", { id: "11111111-aaaa", model: "<synthetic>", usage: usage({ input_tokens: 0,
      output_tokens: 0, cache_read_input_tokens: 0, cache_creation_input_tokens: 0, cache_creation: undefined }) })) }),
  "no-request-id": () => ({ s: text(
    line("no-request-id", { id: "msg_01nreqA" }),
    line("no-request-id", { id: "msg_01nreqB" })) }),
  "no-message-id": () => ({ s: text(
    line("no-message-id", { req: "req_A" }), line("no-message-id", { req: "req_B" })) }),
  "old-cost": () => ({ s: text(line("old-cost", { id: "msg_01oldA", req: "req_A",
    line: { costUSD: 0.5 } })) }),
  "progress-wrapper": () => ({ s: text({
    type: "progress", sessionId: "progress-wrapper", timestamp: "2026-10-05T12:00:00.000Z",
    uuid: "00000000-0000-4000-8000-0000000000aa", cwd: "/home/dev/app", version: "2.1.197",
    data: { type: "agent_progress", message: { type: "assistant", requestId: "req_A",
      timestamp: "2026-10-05T12:00:00.000Z", isSidechain: true,
      message: { id: "msg_01progA".padEnd(28, "x"), type: "message", role: "assistant", model: SONNET,
        content: [], usage: usage() } } } }) }),
  "no-usage": () => {
    const l = line("no-usage", { id: "msg_01nousA", req: "req_A" });
    delete l.message.usage;
    return { s: text(l, line("no-usage", { id: "msg_01nousB", req: "req_B" })) };
  },
  "foreign-lines": () => ({ s: text(
    "\n", "not json\n", "{\"type\":\"summary\",\"summary\":\"x\"}\n", "[]\n", "7\n",
    line("foreign-lines", { id: "msg_01forA", req: "req_A" }),
    JSON.stringify(line("foreign-lines", { id: "msg_01forB", req: "req_B" })) + "\r\n",
    JSON.stringify(line("foreign-lines", { id: "msg_01forC", req: "req_C" })).slice(0, 300)) }),
  "unknown-model": () => ({ s: text(line("unknown-model", { id: "msg_01unkA", req: "req_A",
    model: "claude-sonnet-4-5-internal-experiment" })) }),
  "web-search": () => ({ s: text(line("web-search", { id: "msg_01webA", req: "req_A",
    usage: usage({ server_tool_use: { web_search_requests: 1, web_fetch_requests: 0 } }) })) }),
};

// Where they differ, word for word, and why aco's answer is the right one.
const search = (aco, ccusage) => ({
  said: [`${SONNET}: cost aco ${aco} ccusage ${ccusage} (1 web searches)`],
  why: "ccusage leaves out web searches, $10 a thousand",
});
const differences = {
  captured: search("0.030355000", "0.020355000"),
  "web-search": search("0.029230000", "0.019230000"),
  "long-context": {
    said: [`${SONNET}: cost aco 1.532520000 ccusage 0.918180000`],
    why: "beyond 200,000 tokens the whole request costs more, not only what is beyond",
  },
  fast: {
    said: [`${OPUS}: cost aco 0.000000000 ccusage 0.192300000 (1 unpriced)`],
    why: "the price table has no price for fast, and none is guessed",
  },
};

function make(dir) {
  for (const [name, files] of Object.entries(cases)) {
    for (const [file, content] of Object.entries(files())) {
      const to = path.join(dir, name, "projects/-home-dev-app", file.replace(/^s/, name) + ".jsonl");
      fs.mkdirSync(path.dirname(to), { recursive: true });
      fs.writeFileSync(to, content);
    }
  }
}

const FIELDS = ["input", "output", "cache_read", "cache_write"];

function fromCcusage(bin, dir) {
  const out = execFileSync(bin, ["claude", "daily", "--json", "--offline", "--mode",
    "calculate", "--timezone", "UTC"],
    { env: { ...process.env, CLAUDE_CONFIG_DIR: dir }, encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"] });
  const models = {};
  for (const day of JSON.parse(out).daily ?? []) {
    for (const m of day.modelBreakdowns) {
      // ccusage makes a model of its own of fast calls.
      const t = models[m.modelName.replace(/-fast$/, "")] ??= { input: 0, output: 0, cache_read: 0, cache_write: 0, cost: 0 };
      t.input += m.inputTokens;
      t.output += m.outputTokens;
      t.cache_read += m.cacheReadTokens;
      t.cache_write += m.cacheCreationTokens;
      t.cost += m.cost;
    }
  }
  return models;
}

function fromAco(rows) {
  const models = {};
  for (const r of rows) {
    const t = models[r.model] ??= { input: 0, output: 0, cache_read: 0, cache_write: 0, cost: 0, unpriced: 0, searches: 0 };
    t.input += r.uncached_in ?? 0;
    t.output += r.output ?? 0;
    t.cache_read += r.cache_read ?? 0;
    t.cache_write += (r.cache_write_5m ?? 0) + (r.cache_write_1h ?? 0);
    t.searches += r.web_search ?? 0;
    if (r.cost_usd === null) t.unpriced++;
    else t.cost += Number(r.cost_usd);
  }
  return models;
}

// The differences of two tables of models, as lines of text.
function compareModels(ours, theirs) {
  const said = [];
  for (const m of new Set([...Object.keys(ours), ...Object.keys(theirs)])) {
    const a = ours[m], c = theirs[m];
    if (!a || !c) {
      said.push(`${m}: only in ${a ? "aco" : "ccusage"}`);
      continue;
    }
    for (const f of FIELDS)
      if (a[f] !== c[f]) said.push(`${m}: ${f} aco ${a[f]} ccusage ${c[f]}`);
    if (Math.abs(a.cost - c.cost) > 1e-9 * Math.max(1, Math.abs(c.cost)))
      said.push(`${m}: cost aco ${a.cost.toFixed(9)} ccusage ${c.cost.toFixed(9)}` +
        (a.unpriced ? ` (${a.unpriced} unpriced)` : "") + (a.searches ? ` (${a.searches} web searches)` : ""));
  }
  return said;
}

function compare(dir, attempts, bin) {
  const rows = fs.readFileSync(attempts, "utf8").split("\n").filter(Boolean).map((l) => JSON.parse(l));
  const names = fs.readdirSync(dir).sort();
  let n = 0;
  console.log(`1..${names.length}`);
  for (const name of names) {
    const mine = rows.filter((r) => r.team === name);
    const got = compareModels(fromAco(mine), fromCcusage(bin, path.join(dir, name)));
    const want = differences[name]?.said ?? [];
    const ok = JSON.stringify(got) === JSON.stringify(want);
    n++;
    console.log(`${ok ? "ok" : "not ok"} ${n} - ${name}` +
      (ok && want.length ? `: ${differences[name].why}` : ""));
    for (const l of ok ? want : got) console.log(`# ${l}`);
  }
}

const [verb, ...args] = process.argv.slice(2);
if (verb === "make") make(args[0]);
else if (verb === "compare") compare(...args);
else process.exit(2);
