#!/bin/bash
# Captured bodies of real clients, posted to a daemon as they are, compressed
# and chunked: the ledger then holds what importing the same files gives, once.
# Hostile bodies are answered as their manifest says.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/tap.sh
. tests/tap.sh
# shellcheck source=tests/int/lib_up.sh
. tests/int/lib_up.sh
# shellcheck source=tests/int/lib_serve.sh
. tests/int/lib_serve.sh

command -v curl >/dev/null || {
  skip 'captured bodies over HTTP' 'no curl'
  finish
}
up

# post FILE [CURL-OPTION...]: prints the status.
post() {
  local file=$1 path=/v1/traces type=application/json
  shift
  case $file in
  *langfuse*) path=/api/public/otel/v1/traces ;;
  *.logs.*) path=/v1/logs ;;
  *.metrics.*) path=/v1/metrics ;;
  esac
  case $file in
  *.pb*) type=application/x-protobuf ;;
  esac
  case $file in
  *.gz) set -- -H 'Content-Encoding: gzip' "$@" ;;
  esac
  curl -s -m 20 -o "$work/body" -w '%{http_code}' -H "Content-Type: $type" \
    --data-binary "@$file" "$@" "$url$path"
}

# Where a report came in differs, and nothing else.
exports() {
  export_all "$1"
  sed -i 's/import:otlp/otlp/g' "$1"/*
}

imported() {
  use imported
  "$aco" import -q otlp "$@" >"$work/log" 2>&1 ||
    bail "import: $(cat "$work/log")"
  exports "$work/imported"
}

# Each file as it is, chunked, and compressed: one ledger, told three times.
sent() {
  local file
  use sent
  serve_start --workers 1
  for file in "$@"; do
    is "$file" "$(post "$file")" 200
    is "$file, chunked" "$(post "$file" -H 'Transfer-Encoding: chunked')" 200
    cp "$file" "$work/${file##*/}"
    case $file in *.gz) ;; *) gzip -f "$work/${file##*/}" ;; esac
    is "$file, compressed" "$(post "$work/${file##*/}"*)" 200
  done
  serve_stop
  exports "$work/sent"
  check 'the ledger is well' "$aco" doctor --all
}

shopt -s nullglob
for set in otlp claude_code claude_code_pb codex gemini_cli; do
  files=()
  for file in "tests/data/$set"/*.{traces,logs,metrics}*.{json,pb,gz} \
    "tests/data/$set"/*_v1_traces.json; do
    case $file in *.headers.json) ;; *) files+=("$file") ;; esac
  done
  mapfile -t files < <(printf '%s\n' "${files[@]}" | sort -u)
  imported "${files[@]}"
  sent "${files[@]}"
  same "$set: as imported" "$work/imported" "$work/sent"
  rm -rf "$work/imported" "$work/sent"
done

# ---- hostile bodies ----

use edge
serve_start --workers 1
while read -r file want rejected; do
  is "edge/$file" "$(post "tests/data/edge/$file")" "$want"
  if [ "$rejected" != 0 ]; then
    has "edge/$file: says how many" "$(<"$work/body")" \
      "\"rejectedSpans\":\"$rejected\""
  fi
done < <(awk -F'[:,]' '/"file"/ { gsub(/[ "]/, "", $2); f = $2 }
  /"http"/ { h = $2 + 0 } /"rejected"/ { print f, h, $2 + 0 }' \
  tests/data/edge/manifest.json)
serve_stop
check 'after hostile bodies the ledger is well' "$aco" doctor --all
finish
