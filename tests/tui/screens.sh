#!/bin/bash
# Every view at every size, with colours and without, on the way that a person
# takes: from the fleet in to the price row.
# shellcheck source=tests/tui/lib.sh
. "$(dirname "$0")/lib.sh"
tui_seed

walk() { # SIZE THEME
  tui_open "$1"
  tui_wait '^coding' || return
  tui_screen "fleet-$2-$1"
  tui_keys Enter
  tui_screen "tasks-$2-$1"
  tui_keys End
  tui_wait 'fix-flaky-test' || return
  tui_keys Enter
  tui_screen "task-$2-$1"
  # The second attempt at the edit.
  tui_keys End k Enter
  tui_screen "attempt-$2-$1"
  tui_keys Enter
  tui_screen "price-$2-$1"
  tui_keys '?'
  tui_screen "help-$2-$1"
  tui_close
}

for size in 40x12 80x24 160x48; do
  tui_env=()
  walk "$size" dark
  tui_env=(NO_COLOR=1)
  walk "$size" mono
done

# Other themes and terminals, one screen each.
tui_env=()
tui_open 80x24 --theme light
tui_wait '^coding' && tui_screen fleet-light-80x24
tui_env=(TERM=screen)
tui_open 80x24
tui_wait '^coding' && tui_screen fleet-8-80x24
tui_env=(LC_ALL=C)
tui_open 80x24 --since all
tui_wait '^coding' && tui_screen fleet-ascii-80x24
tui_env=()
tui_open 100x30 --tz Asia/Kolkata --task fix-flaky-test
tui_wait '^STEP' && tui_screen task-zone-100x30

# Both halves of a record fit without cutting the arithmetic.
tui_env=(NO_COLOR=1)
tui_open 100x30 --task fix-flaky-test
tui_wait '^STEP' && tui_keys End k Enter && tui_screen attempt-mono-100x30
tui_env=()

tui_open 400x120 --task fix-flaky-test --since all
tui_wait '^STEP' && tui_screen task-400x120
tui_open 39x12
tui_wait 'too small' && tui_screen small-39x12

lib_end
