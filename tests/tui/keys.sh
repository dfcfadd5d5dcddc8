#!/bin/bash
# What keys and the mouse do, seen on the screen.
# shellcheck source=tests/tui/lib.sh
. "$(dirname "$0")/lib.sh"
tui_seed

# The name on the cursor: the row in the cursor's colours (bold 231 on 24).
cursor() {
  tui_text -e | sed -n 's/^.*\[48;5;24m\([^ ]* *[^ ]*\).*$/\1/p' | head -n 1
}
cursor_is() { cursor | grep -Eq "^$1"; }
on() { check "$1" tui_until cursor_is "$2"; }
shows() { check "$1" tui_until tui_matches "$2"; }
shows_not() { check "$1" tui_until tui_lacks "$2"; }
tui_lacks() { ! tui_matches "$1"; }

# ---- moving ----
tui_open 80x24
tui_wait '^coding'
on 'the cursor starts on the first row' coding
tui_keys j
on 'j goes down' legal
tui_keys Down Down
on 'so does Down' support
tui_keys k
on 'k goes up' research
tui_keys G
on 'G goes to the end' unattributed
tui_keys j
on 'and no farther' unattributed
tui_keys Home
on 'Home goes to the beginning' coding
tui_keys NPage
on 'PgDn' unattributed
tui_keys PPage
on 'PgUp' coding

# ---- order ----
tui_keys s
shows 's sorts by the next column' '[$]/H▼'
tui_keys '<'
shows '< by the one before' 'SPEND▼'
tui_keys I
shows 'I turns the order round' 'SPEND▲'
on 'and the cursor stays on its row' coding
tui_keys Home
on 'the least now comes first' 'evil|漢字'

# ---- range ----
tui_keys t
shows 't takes a longer range' ' 7d  12:00:00'
tui_keys t t
shows 'up to all, undated rows included' 'all  12:00:00'
tui_keys T
shows 'T takes a shorter one' ' 30d  12:00:00'
tui_close

tui_open 170x30 --since all
tui_wait '^coding'
shows 'undated rows are told apart' 'undated 2'

# ---- filter ----
tui_keys / l e g
shows 'the filter works while it is typed' '^legal'
shows_not 'other rows go' '^coding'
tui_keys Enter
shows 'Enter keeps it and shows it' 'fleet  /leg'
tui_keys Escape
shows 'Escape clears it' '^coding'
tui_keys / 's' 'p' 'e' 'n' 'd' '>' '1'
shows_not 'a column can be compared' '^support'
shows 'rows that match stay' '^legal'
tui_keys Escape
shows 'Escape takes back what was typed' '^support'
tui_keys / 'n' 'o' '=' '1'
shows 'a mistake is named' "no column 'no'"
tui_keys C-u '!' 'c' 'o' 'd' Enter
shows_not '! inverts' '^coding'
tui_keys Escape
tui_keys / 漢
shows 'letters of any script can be typed' '漢字の仕事'
shows_not 'and are found' '^legal'
tui_keys Escape
tui_keys / z z z Enter
shows 'nothing that matches is said' 'No row passes'
tui_keys Escape
tui_wait '^coding'

# ---- in and out ----
tui_keys Home Enter
shows 'Enter opens the class' 'fleet › coding'
tui_keys q
shows 'q comes back' '^ fleet  '
tui_keys Enter
tui_wait 'session-0'
tui_keys BSpace
shows 'so does Backspace' '^ fleet  '
tui_keys Escape
shows 'Escape does not quit' 'q quits'
tui_keys q
check 'q at the outermost screen quits' tui_until tui_dead
tui_close

# ---- folds ----
tui_open 100x30 --task fix-flaky-test
tui_wait 'rate_limit'
tui_keys j Enter
shows_not 'Enter folds a step' 'attempt 1 claude-haiku-4-5  unpriced'
tui_keys +
shows '+ unfolds it' 'attempt 1 claude-haiku-4-5  unpriced'
tui_keys -
shows_not '- folds it' 'attempt 1 claude-haiku-4-5  unpriced'
tui_keys '*'
shows '* unfolds all' 'attempt 1 claude-sonnet-4-5'
tui_keys Escape
shows 'from a named task Escape leads to its class' '› coding  '

# ---- paging, pause, help ----
tui_keys ']'
shows 'no further page is said' 'no more rows'
tui_keys Space
shows 'Space pauses' PAUSED
tui_keys Space
shows_not 'and goes on' PAUSED
tui_keys '?'
shows '? shows the keys' 'Backspace +go back'
tui_keys End
shows 'and the columns and filters of this screen' 'out>=1.5M'
tui_keys x
shows 'any key leaves it' 'STARTED'
tui_close

# ---- columns ----
tui_open 40x12 --class coding --since all
tui_wait 'session'
shows 'a narrow screen drops columns and says how many' '\+1[0-9]'
tui_keys Right Right Right
shows 'Right brings them in beside the first' '^TASK .*FAILED'
tui_keys Left Left Left
shows 'Left goes back' '^TASK +COST'
tui_close

# ---- mouse, as X10 reports it ----
click() {
  report "$1" "$2" "$3"
  report "$1" "$2" 3 # and let go
}
report() { tui_keys -H 1b 5b 4d "$(printf %x $(($3 + 32)))" \
  "$(printf %x $(($2 + 33)))" "$(printf %x $(($1 + 33)))"; }
tui_open 100x30
tui_wait '^coding'
click 5 3 0
on 'a click puts the cursor on a row' research
click 5 3 0
shows 'a second one opens it' 'fleet › research'
tui_keys q
tui_wait '^coding'
click 2 3 0
shows 'a click on a heading sorts' 'CLASS▲'
tui_keys Home
click 5 3 65
on 'the wheel moves' research
tui_close

# ---- more rows than are read at a time ----
lib_sql aco "INSERT INTO task (id, sender_id, ext_id, team_id, agent_id,
    class_id, class_rank, who_ranks, started_at, ended_at, attempts)
  SELECT md5('p' || i)::uuid, t.sender_id, 'many-' || lpad(i::text, 4, '0'),
    t.team_id, t.agent_id, t.class_id, 1, 0, '2026-11-24 11:00Z',
    '2026-11-24 11:00Z', 2 + i
  FROM task t, generate_series(0, 1499) i WHERE t.ext_id = 'session-002';
  INSERT INTO task_open (task_id) SELECT id FROM task ON CONFLICT DO NOTHING"
tui_open 80x24 --class support
tui_wait 'session-002'
shows 'the first rows, and that there are more' '1/500\+'
tui_keys s
shows 'sorting asks for the first of all rows' '^many-1499'
tui_keys ']'
shows '] turns to the next rows' '501/1000\+'
tui_keys '['
shows '[ turns back' '^many-1499'
tui_keys / m a n y - 1 2 Enter
shows 'a filter says what it looked at' '/100 of 500\+'
tui_close

# ---- time range by itself ----
tui_env=(ACO_NOW=2026-12-24T12:00:00Z)
tui_open 120x30
shows 'without anything lately all is shown, and said' \
  'all \(nothing in the last 24h\)'
tui_close

lib_end
