#!/bin/bash
# aco mock and the clients of real providers, from npm: they take its replies
# for true ones. Skipped where npm is not there.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/tap.sh
. tests/tap.sh
aco=$(realpath "${ACO_BIN:-build/release/aco}")
# shellcheck source=tests/int/lib_npm.sh
. tests/int/lib_npm.sh

npm_use 'the mock and real clients'
"$aco" mock --seed 3 >"$work/mock.out" 2>"$work/mock.err" &
mock=$!
trap 'kill $mock 2>/dev/null; wait $mock; rm -rf "$work"' EXIT
for _ in $(seq 200); do
  read -r url <"$work/mock.out" && break
  kill -0 $mock 2>/dev/null || break
  sleep 0.05
done
if [ -z "${url-}" ]; then
  fail 'the mock starts' "$(cat "$work/mock.err")"
  finish
fi
here=$PWD/tests/int
cd "$modules" || exit 1
timeout 120 node "$here/mock_clients.mjs" "$url"
