#!/bin/sh
# `make run`: a simulated fleet at work, then real captured sessions, each in a
# ledger of its own beside the build. What it starts, it stops, also when it is
# interrupted. The Makefile has installed what was missing and built $1 before.
# With "sessions" as $2 the fleet is left out.
set -eu

aco=$1
cd "$(dirname "$0")/.."
home=$(cd "$(dirname "$aco")" && pwd)/home

# Neither the configuration nor the ledger of whoever runs this is touched.
for name in $(env | sed -n 's/^\(ACO_[A-Z_]*\)=.*/\1/p'); do
  unset "$name"
done
ACO_CONFIG=/dev/null
ACO_AUTOSTART=no
ACO_RETENTION_DAYS=0 # the sessions grow old, and are kept
ACO_HOME=$home
if [ -e "$home" ] && [ "$(id -u)" -ne 0 ] && [ ! -O "$home" ]; then
  ACO_HOME=$home-$(id -un)
fi
export ACO_AUTOSTART ACO_CONFIG ACO_RETENTION_DAYS ACO_HOME

say() { printf '\n== %s\n' "$*"; }

started=no
stop() {
  code=$?
  trap '' INT TERM HUP
  if [ $started = yes ]; then
    say 'stopping what was started'
    "$aco" down
  fi
  exit "$code"
}
trap stop EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

if [ "${2-}" != sessions ]; then
  say 'a fleet of agents, simulated (aco demo)'
  if [ -t 0 ] && [ -t 1 ]; then
    echo 'the dashboard opens; q leaves it, and the sessions follow'
    "$aco" demo
  else
    "$aco" demo --once
  fi
fi

say "a private PostgreSQL and a ledger in it: $ACO_HOME"
started=yes
up=$("$aco" up)
printf '%s\n' "$up"
case $up in
*', running'*) started=no ;; # by another `make run`, which will stop it
esac

say 'captured sessions of several agents'
import() {
  echo "$ aco import $*"
  "$aco" import "$@"
}
import claude-code tests/data/claude_code
import codex tests/data/codex
import gemini tests/data/gemini_cli
import mini-swe tests/data/traces/mini-swe-agent.*
import openhands tests/data/traces/openhands.*
import tau2 tests/data/traces/tau2-bench.*
import litellm tests/data/traces/litellm.*
import langfuse tests/data/traces/langfuse.*
import outcomes tests/data/traces/outcomes.jsonl

say 'what they spent, and on what (aco top)'
if [ -t 0 ] && [ -t 1 ]; then
  "$aco" top --since all
else
  "$aco" top --once --since all
fi

trap - EXIT
(stop)
cat <<END

== your own agents
$aco up                    a ledger of your own, kept between runs
$aco import claude-code    what Claude Code wrote on this machine
$aco import codex          the same for Codex; gemini, and others:
$aco import --help
$aco top                   the dashboard
$aco demo                  the simulated fleet again; 'demo remove' deletes it
END
