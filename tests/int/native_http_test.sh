#!/bin/bash
# The native interface, keys and what older Langfuse clients send, over HTTP
# against a daemon that runs.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/tap.sh
. tests/tap.sh
# shellcheck source=tests/int/lib_up.sh
. tests/int/lib_up.sh

if ! "$aco" help serve >/dev/null 2>&1 || ! command -v curl >/dev/null; then
  skip 'events over HTTP' 'no daemon in this build, or no curl'
  finish
fi
port=$((20000 + RANDOM % 20000))
export ACO_LISTEN=127.0.0.1:$port ACO_WORKERS=1 ACO_AUTOSTART=yes
url=http://127.0.0.1:$port
up

# req WANT NAME CURL-ARGUMENT...: the status must be so; sets body.
req() {
  local want=$1 name=$2 code
  shift 2
  code=$(curl -s -m 10 -o "$work/body" -w '%{http_code}' "$@")
  body=$(<"$work/body")
  is "$name" "$code" "$want"
}

# eventually WANT NAME CURL-ARGUMENT...: the same, within ten seconds.
eventually() {
  local want=$1 name=$2 code
  shift 2
  for _ in $(seq 100); do
    code=$(curl -s -m 10 -o "$work/body" -w '%{http_code}' "$@")
    [ "$code" = "$want" ] && break
    sleep 0.1
  done
  body=$(<"$work/body")
  is "$name" "$code" "$want"
}

eventually 200 'the daemon answers' "$url/healthz"

# ---- events ----

call='{"type":"attempt","task":{"id":"t1"},"model":"gpt-4o",
"usage":{"uncached_in":1000,"output":10}}'
for n in 1 2; do
  req 200 "an event, time $n" -d "$call" "$url/v1/events"
  is "it is taken, time $n" "$body" '{"accepted":1,"rejected":[]}'
done
is 'twice is once' "$(sql aco 'SELECT count(*) FROM attempt')" 1
mixed="[$call,{\"type\":\"attempt\",\"task\":{\"id\":\"t2\"},\"modle\":\"x\"}]"
req 400 'a bad event' -d "$mixed" "$url/v1/events"
has 'the field is named' "$body" '"index":1,"field":"modle"'
req 200 'what is good of it' -d "$mixed" "$url/v1/events?partial=1"
has 'counts' "$body" '"accepted":1,"rejected":[{"index":1'
printf '%s\n' '{"type":"task","task":{"id":"t3"}}' \
  '{"type":"task","task":{"id":"t4"}}' | gzip >"$work/lines.gz"
req 200 'lines, compressed' --data-binary "@$work/lines.gz" \
  -H 'Content-Encoding: gzip' -H 'Content-Type: application/x-ndjson' \
  "$url/v1/events"
has 'both are taken' "$body" '"accepted":2'

# ---- outcomes ----

for n in 1 2; do
  req 200 "an outcome, time $n" -H 'Idempotency-Key: k1' \
    -d '{"task":"t1","success":true}' "$url/v1/outcomes"
done
is 'a retry is the same' "$(sql aco 'SELECT count(*) FROM outcome')" 1
req 200 'a correction' -d '{"task":"t1","success":0.25}' "$url/v1/outcomes"
is 'the later one stands' \
  "$(sql aco "SELECT success_micro FROM task WHERE ext_id = 't1'")" 250000
req 200 'of an unknown task' -d '{"task":"later","success":true}' \
  "$url/v1/outcomes"
req 400 'without a verdict' -d '{"task":"t1"}' "$url/v1/outcomes"
has 'says what is missing' "$body" '"field":"success"'

# ---- Langfuse ----

req 207 'a batch' -u pk-lf-1:sk-lf-1 "$url/api/public/ingestion" -d '{"batch":[
{"id":"e1","type":"generation-create","body":{"id":"g","traceId":"lf",
"model":"gpt-4o","startTime":"2026-11-24T05:00:00Z"}},
{"id":"e2","type":"nonsense","body":{}}]}'
has 'the good one' "$body" '"successes":[{"id":"e1","status":201}]'
has 'the bad one' "$body" '"errors":[{"id":"e2","status":400'
req 200 'a score' "$url/api/public/scores" \
  -d '{"id":"s","traceId":"lf","name":"q","value":1}'
req 200 'health' "$url/api/public/health"
req 200 'projects' "$url/api/public/projects"

# ---- keys ----

req 401 'through a proxy without a key' -H 'X-Forwarded-For: 10.0.0.1' \
  "$url/api/public/projects"
req 401 'by a foreign name' -H 'Host: evil.example' "$url/api/public/projects"
curl -s -m 10 -D "$work/head" -o /dev/null -H 'Via: 1.1 x' \
  "$url/api/public/projects"
has 'the scheme is told' "$(<"$work/head")" 'WWW-Authenticate: Bearer'
key=$("$aco" key add ci --team red --class ops 2>/dev/null)
proxied=(-H 'X-Forwarded-For: 10.0.0.1')
eventually 200 'with a key, as bearer' "${proxied[@]}" \
  -H "Authorization: Bearer $key" "$url/api/public/projects"
req 200 'as a password' "${proxied[@]}" -u "pk:$key" "$url/api/public/projects"
req 200 'as x-api-key' "${proxied[@]}" -H "x-api-key: $key" \
  "$url/api/public/projects"
req 401 'mistyped' -H "x-api-key: ${key}x" "$url/api/public/projects"
has 'and told so' "$body" 'mistyped'
req 200 'defaults of a key' -H "x-aco-key: $key" "$url/v1/events" \
  -d '{"type":"attempt","task":{"id":"keyed"},"model":"gpt-4o"}'
is 'team and class' "$(sql aco "SELECT t.name || '/' || c.name FROM task
  JOIN dict t ON t.id = team_id JOIN dict c ON c.id = class_id
  WHERE ext_id = 'keyed'")" red/ops
read_key=$("$aco" key add reader --role read 2>/dev/null)
eventually 403 'the wrong role' -H "x-api-key: $read_key" -d '[]' \
  "$url/v1/events"
has 'names the right ones' "$body" 'this needs ingest or admin'
"$aco" key revoke ci >/dev/null
eventually 401 'revoked, it opens nothing' -H "x-api-key: $key" \
  "$url/api/public/projects"
is 'no key in any log or file' "$(grep -rlF "${key:12:30}" "$ACO_HOME" \
  --include='*log*' --include=keys 2>/dev/null)" ''

finish
