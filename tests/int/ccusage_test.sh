#!/bin/bash
# What aco and ccusage make of the same Claude Code transcripts: a captured
# session, generated ones, and files that are easy to count wrongly. ccusage
# comes from npm (kept in the build folder); without it the test is skipped.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/tap.sh
. tests/tap.sh
# shellcheck source=tests/int/lib_up.sh
. tests/int/lib_up.sh

version=20.0.20
tool=$(dirname "$aco")/ccusage-$version
if ! [ -x "$tool/node_modules/.bin/ccusage" ]; then
  command -v npm >/dev/null || {
    skip 'comparison with ccusage' 'npm is not installed'
    finish
  }
  if ! npm install --prefix "$tool" --prefer-offline --no-audit --no-fund \
    --fetch-retries 0 --fetch-timeout 20000 "ccusage@$version" \
    >"$work/npm.log" 2>&1; then
    skip 'comparison with ccusage' "npm: $(grep -m 1 'npm error' "$work/npm.log")"
    finish
  fi
fi

cases=$work/cases
node tests/int/ccusage.mjs make "$cases" || bail 'making the cases failed'
mkdir -p "$cases/captured/projects/x"
cp tests/data/claude_code/*.jsonl "$cases/captured/projects/x/"
"$gen" transcripts "$cases/generated" 5000 3 50 >"$work/truth" ||
  bail 'the generator failed'

up
for dir in "$cases"/*; do
  # The team tells the cases apart in one ledger.
  "$aco" import -q --team "$(basename "$dir")" claude-code "$dir" \
    >"$work/log" 2>&1 || bail "import of $dir: $(cat "$work/log")"
done
"$aco" export attempts >"$work/attempts" || bail 'export failed'
node tests/int/ccusage.mjs compare "$cases" "$work/attempts" \
  "$tool/node_modules/.bin/ccusage"
