#!/bin/bash
# Every view at every size, with colours and without, by the keys that a person
# would press.
# shellcheck source=tests/tui/lib.sh
. "$(dirname "$0")/lib.sh"
tui_seed

look() { # NAME PATTERN KEYS...: keys lead to a screen that shows PATTERN
  local name=$1 pattern=$2
  shift 2
  tui_keys "$@"
  tui_wait "$pattern" && tui_screen "$name-$theme-$size"
}

# Each way begins at a key, so that one that fails does not take the rest with
# it.
walk() { # SIZE THEME
  size=$1 theme=$2
  tui_open "$size"
  tui_wait '^coding' || return
  tui_screen "fleet-$theme-$size"
  look help '^ KEYS' '?'
  look agents '^claude-code' x 2
  look teams '^platform' g j Enter
  look models '^claude-opus' 3
  look tiers '^tier 5' g j Enter
  look tasks '^session-0' 4
  look decisions '^11-24 10:00' 5
  look decision 'WHAT EACH PROMISED' Enter
  look router '^coding .*learned' 6
  look bundles '^2026-11-24a' g j Enter
  look budgets '^ci ' 7
  look attention '^act ' 8
  look dead '^11-24 07:3' : d e a d Enter
  look search '^fix-fl' : s e a r c h Space f l a k y Enter
  look task '^. 1 plan' Enter
  # The second attempt at the edit.
  look attempt '^ ATTEMPT' End k Enter
  look price '^ PRICE ROW' Enter
  tui_close
}

for each in 40x12 80x24 160x48; do
  tui_env=()
  walk "$each" dark
  tui_env=(NO_COLOR=1)
  walk "$each" mono
done

# Pictures where they must be asked for, and without the characters for them.
tui_env=()
tui_open 80x24
tui_wait '^coding' && tui_keys v && tui_wait 'SPEND BY TIER' &&
  tui_screen fleet-stack-80x24
tui_keys v
tui_wait 'SPEND BY HOUR' && tui_screen fleet-heat-80x24
tui_keys v
tui_wait 'COST OF THE NEWEST' && tui_screen fleet-histogram-80x24
tui_keys 6 v
tui_wait 'COST AND SUCCESS' && tui_screen router-plane-80x24
tui_keys v
tui_wait RELIABILITY && tui_screen router-reliability-80x24
tui_env=(LC_ALL=C)
tui_open 160x48
tui_wait 'SPEND BY TIER' && tui_screen fleet-ascii-160x48
tui_keys 6
tui_wait RELIABILITY && tui_screen router-ascii-160x48

# Beside the period before, and menus.
tui_env=()
tui_open 120x30 --since 7d
tui_wait '^coding' && tui_keys d && tui_wait 'CHANGE' &&
  tui_screen fleet-compare-120x30
tui_keys c j Space j j Space
tui_wait 'OVER TIME' && tui_screen fleet-columns-120x30

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
