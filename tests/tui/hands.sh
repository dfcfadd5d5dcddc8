#!/bin/bash
# What a person does: finds answers with few keys, chooses columns, groups,
# compares, follows, copies, exports, types commands, and comes back tomorrow.
# shellcheck source=tests/tui/lib.sh
. "$(dirname "$0")/lib.sh"
tui_seed
cd "$tmp" || exit 1
mkdir -m 777 "$tmp/out"

shows() { check "$1" tui_until tui_matches "$2"; }
shows_not() { check "$1" tui_until tui_lacks "$2"; }
tui_lacks() { ! tui_matches "$1"; }

# answer QUESTION MOST PATTERN KEYS...: with at most so many keys, the screen
# says it.
answer() {
  local question=$1 most=$2 pattern=$3 key
  shift 3
  tui_open 160x48
  tui_wait '^coding' || return
  check "$question takes $# keys of $most" [ $# -le "$most" ]
  for key in "$@"; do
    tui_settle_key "$key"
  done
  shows "$question" "$pattern"
  tui_close
}
# A person looks before the next key.
tui_settle_key() {
  local before
  before=$(tui_text)
  tui_keys "$1"
  tui_until changed_from "$before"
}
changed_from() { [ "$(tui_text)" != "$1" ] && ! tui_matches 'Reading the ledger'; }

# ---- questions ----
answer 'which class burned most yesterday' 1 '^legal +[$]0.475' Y
answer 'the dearest task of an agent' 4 'helpdesk › session-002|^session-006 ' 2 Enter
answer 'why this call cost this' 6 'ARITHMETIC' Enter Enter Enter
answer 'why this call cost this, to the price row' 6 'PRICE ROW' Enter Enter Enter Enter
answer 'why was this routed to tier 4' 6 'after a failed attempt' 5 Enter
answer 'what would routing have saved last week' 3 \
  'would have saved +[$]3.42 .*last 7 days' 6
answer 'what needs me' 1 'budget overrun' 8
answer 'am I within budget' 1 'platform +team +day +81.6%' 7

# ---- columns, groups, comparison ----
tui_open 160x48
tui_wait '^coding'
tui_keys c
shows 'c offers the columns' 'COLUMNS'
tui_keys Space Enter
shows 'Space takes one away' '\[ \] SPEND|^CLASS +(OVER|[$]/H)'
tui_keys c Space Enter
shows 'and brings it back' '^CLASS +SPEND'
tui_keys g
shows 'g offers groups' 'GROUP BY'
tui_keys j j j Enter
shows 'by model' '^claude-opus-4-6'
tui_keys Enter
shows 'Enter on a model shows the classes that use it' '^coding|^legal'
shows 'under its name' 'models › claude-'
tui_keys q d
shows 'd sets the period before beside it' 'CHANGE'
tui_keys d
shows_not 'and takes it away again' 'CHANGE'
tui_keys v
shows_not 'v puts pictures away' 'SPEND BY TIER'
tui_keys v
shows 'and brings them' 'SPEND BY TIER'
tui_close

# ---- following ----
tui_open 100x30 --view decisions
tui_wait '^11-24 10:00'
tui_keys f
shows 'f follows' FOLLOWING
lib_sql aco "INSERT INTO decision (day, id, task_id, decided_at, policy, plan, live, propensity)
  SELECT '2026-11-24', md5('new')::uuid, id, '2026-11-24 11:59:50Z', 'static', 'single(3)', true, 1
  FROM task WHERE ext_id = 'session-000'"
shows 'the newest comes by itself' '^11-24 11:59:50'
tui_keys j
shows_not 'who moves no longer follows' FOLLOWING
tui_close

# ---- copying and exporting ----
tui_open 100x30 --class coding
tui_wait 'session-000'
tui_tmux pipe-pane -t tui "cat >$tmp/sent"
tui_keys y
shows 'y says what it copied' 'copied [0-9a-f-]{36}'
id=$(tui_text | sed -n 's/.*copied \([0-9a-f-]*\).*/\1/p')
sent() { grep -aq "52;c;$(printf %s "$id" | base64)" "$tmp/sent"; }
check 'and the terminal was told' tui_until sent
tui_close
tui_shell 100x30 "sh -c 'cd $tmp/out && exec $ACO_BIN top --class coding'"
tui_wait 'session-000'
tui_keys e
shows 'e offers formats' 'EXPORT AS'
tui_keys Enter
shows 'and says where it went' 'written: aco-tasks-20261124-120000.csv'
check 'the file has the rows' grep -q '^session-000,' \
  "$tmp/out/aco-tasks-20261124-120000.csv"
tui_keys e Enter
shows 'a file that is there is left alone' 'cannot write.*exists'
tui_keys : e x p o r t Space x . j s o n Enter
shows ':export takes a name' 'written: x.json'
check 'and the format from its ending' grep -q '^{"view":"tasks"' \
  "$tmp/out/x.json"
tui_close

# ---- commands ----
tui_open 100x30
tui_wait '^coding'
tui_keys : b u d Tab Enter
shows 'Tab completes a command' '^ci '
tui_keys : c l a s s Space c o d i n g Enter
shows ':class opens its tasks' 'budgets › coding'
tui_keys : t a s k Space f i x - f l a k y - t e s t Enter
shows ':task opens it' 'coding › fix-flaky-test'
tui_keys : a g e n t Space n o s u c h Enter
shows 'a name that is not there is told' "no agent 'nosuch'"
tui_keys : n o s u c h Enter
shows 'so is a command' "no command 'nosuch'"
tui_keys : x Escape
shows 'Escape leaves the line' ' Enter in'
tui_keys : r a n g e Space 7 d Enter
shows ':range takes a length' ' 7d  12:00'
tui_keys 0 s e s s i o n - 0 0 1 Enter
shows '0 searches' '^session-001 +task'
tui_keys Enter
shows 'Enter opens what was found' 'session-001.*12:00'
tui_keys : q Enter
check ':q quits' tui_until tui_dead
tui_close

# ---- the mouse ----
click() { tui_keys -H 1b 5b 4d 20 "$(printf %x $(($2 + 33)))" \
  "$(printf %x $(($1 + 33)))" 1b 5b 4d 23 "$(printf %x $(($2 + 33)))" \
  "$(printf %x $(($1 + 33)))"; }
tui_open 100x30 --task fix-flaky-test
tui_wait '^. 1 plan'
click 0 2
shows 'a click on a breadcrumb goes back to it' '^ fleet   '
tui_close

# ---- coming back ----
tui_forget=no
tui_open 100x30
tui_wait '^coding'
tui_keys 3
tui_wait '^claude-opus'
tui_keys t t '<'
tui_wait ' 30d '
tui_keys q
check 'the dashboard ends' tui_until tui_dead
check 'what is remembered is private' \
  [ "$(stat -c %a "$XDG_STATE_HOME/aco/top")" = 600 ]
tui_open 100x30
shows 'the view comes back' '^ models '
shows 'with its range' ' 30d '
tui_keys q
tui_until tui_dead
printf 'view nosuch\nrange \xff\nsort models\n' >"$XDG_STATE_HOME/aco/top"
tui_open 100x30
shows 'a state that makes no sense is no harm' '^coding'
tui_close
tui_forget=yes

# ---- what a name may do ----
lib_sql aco "INSERT INTO dict (kind, name) VALUES ('class', E'x\\033]52;c;aGk=\\007')"
tui_open 100x30
tui_wait '^coding'
tui_tmux pipe-pane -t tui "cat >$tmp/sent2"
tui_keys 0 ']' 5 2 Enter
tui_wait 'x\?\]52'
check 'a name cannot reach the clipboard' \
  eval "! grep -aq $'\\033]52' '$tmp/sent2'"
tui_close

lib_end
