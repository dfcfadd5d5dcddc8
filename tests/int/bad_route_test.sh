#!/bin/bash
# What nobody should send to the router: outcomes and questions that are empty,
# huge, binary or nonsense are refused with a reason or answered sanely; nothing
# crashes, and no cheap tier serves under a floor.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/tap.sh
. tests/tap.sh
# shellcheck source=tests/int/lib_up.sh
. tests/int/lib_up.sh
# shellcheck source=tests/int/lib_serve.sh
. tests/int/lib_serve.sh
export OMP_WAIT_POLICY=passive

# outcomes FILE CLASSES SUCCESS COST PROMPT: 160 tasks under two models; SUCCESS
# 0, 1 or mixed.
outcomes() {
  awk -v classes="$2" -v success="$3" -v cost="$4" -v prompt="$5" 'BEGIN {
    srand(3)
    for (t = 0; t < 160; t++)
      for (m = 0; m < 2; m++) {
        s = success == "mixed" ? rand() < (m ? 0.8 : 0.5) : success
        c = cost == "real" ? (m ? "0.2" : "0.01") : cost
        printf "{\"source\":\"s\",\"task_id\":\"t%d\",\"task_class\":\"c%d\"," \
          "\"prompt\":\"%s\",\"model\":\"%s\",\"success\":%d," \
          "\"cost_usd\":%s}\n",
          t, t % classes, prompt, m ? "large" : "small", s, c
      }
  }' >"$work/$1"
}

# both NAME FILE WANT-TRAIN WANT-EVAL PART: exit codes, and what is said of it.
both() {
  local out code
  out=$(timeout 120 "$aco" train --small --threads 1 -o "$work/$2.aco" \
    "$work/$2" 2>&1)
  code=$?
  is "train: $1" "$code" "$3"
  [ -z "$5" ] || [ "$3" = 0 ] || has "train says why: $1" "$out" "$5"
  out=$(timeout 120 "$aco" eval --trees 10 --boot 20 --no-chart "$work/$2" 2>&1)
  code=$?
  is "eval: $1" "$code" "$4"
  [ -z "$5" ] || [ "$4" = 0 ] || has "eval says why: $1" "$out" "$5"
}

: >"$work/empty"
head -c 100000 /dev/urandom | tr -d '\n' >"$work/binary"
head -c 20000000 /dev/zero | tr '\0' a >"$work/huge"
printf '{"task_id":"t","model":"m","success":1,"prompt":"\xff\xfe"}\n' \
  >"$work/latin"
outcomes nan 2 mixed NaN ''
outcomes endless 2 mixed 1e400 ''
outcomes negative 2 mixed -1 ''
outcomes words 2 mixed '"dear"' ''
outcomes unpriced 2 mixed null ''
outcomes free 2 mixed 0 'do it'
outcomes one 1 mixed real 'do it'
outcomes won 2 1 real 'do it'
outcomes lost 2 0 real 'do it'
head -n 2 "$work/one" >"$work/tiny"

both 'nothing' empty 1 1 'no outcomes'
both 'bytes' binary 1 1 'binary:1: '
both 'a line without an end' huge 1 1 'huge:1: '
both 'text that is not UTF-8' latin 1 1 'not UTF-8'
both 'costs that are no number' nan 1 1 'nan:1: '
both 'costs beyond all bounds' endless 1 1 'not an amount'
both 'costs below nothing' negative 1 1 'not an amount'
both 'costs in words' words 1 1 'not an amount'
both 'no costs' unpriced 0 1 'costs'
both 'all for nothing' free 0 0 ''
both 'one class' one 0 0 ''
both 'all succeed' won 0 0 ''
both 'all fail' lost 0 0 ''
both 'one task' tiny 1 1 ''

# Files as they come: twice the same, without an end of line, from elsewhere,
# cut, damaged, of one model.
cat "$work/one" "$work/one" >"$work/twice"
head -c -1 "$work/one" >"$work/endless_line"
sed 's/$/\r/' "$work/one" >"$work/crlf"
gzip -c "$work/one" >"$work/whole.gz"
head -c "$(($(stat -c %s "$work/whole.gz") / 2))" "$work/whole.gz" \
  >"$work/cut.gz"
{
  head -c -8 "$work/whole.gz"
  printf '\0\0\0\0\0\0\0\0'
} >"$work/sum.gz"
grep '"small"' "$work/one" >"$work/single"
sed 's/"success":[01]/"success":2/' "$work/one" >"$work/two_of_one"
sed 's/"success":[01]/"success":null/' "$work/one" >"$work/no_verdict"
sed 's/"model":"[a-z]*"/"model":""/' "$work/one" >"$work/nameless"
{
  head -n 50 "$work/one"
  echo '{"broken":'
  tail -n 50 "$work/one"
} >"$work/broken"
{
  printf '{"source":"s","task_id":"big","model":"small","success":1,'
  printf '"cost_usd":1,"task_class":"c0","prompt":"'
  head -c 20000000 /dev/zero | tr '\0' a
  printf '"}\n'
  cat "$work/one"
} >"$work/novel"
both 'each line twice' twice 0 0 ''
both 'no end of line' endless_line 0 0 ''
both 'lines of another system' crlf 0 0 ''
both 'half a gzip file' cut.gz 1 1 'cut short'
both 'a gzip file whose sum is wrong' sum.gz 1 1 'sum.gz:0: incorrect data'
both 'one model' single 0 0 ''
both 'a success of two' two_of_one 1 1 'from 0 to 1'
both 'no verdict' no_verdict 1 1 'verdict'
both 'a model without a name' nameless 1 1 'model is missing'
both 'a broken line in the middle' broken 1 1 'broken:51: '
both 'a prompt of twenty megabytes' novel 0 0 ''
both 'a folder' . 1 1 'not a file'
both 'what is not there' nowhere 1 1 'No such file'

# ---- where nothing more fits ----

if [ -c /dev/full ]; then
  out=$("$aco" train --small --threads 1 -o /dev/full "$work/one" 2>&1)
  is 'train: a full device' $? 1
  has 'and says so' "$out" 'No space left'
  is 'which is one still' "$(test -c /dev/full; echo $?)" 0
  out=$("$aco" eval --static --boot 20 "$work/one" 2>&1 >/dev/full)
  is 'eval: a full device' $? 1
  has 'and eval says so' "$out" 'writing to standard output'
else
  skip 'a full device' 'no /dev/full'
fi
cp "$work/one.aco" "$work/kept.aco"
out=$(
  ulimit -f 4
  "$aco" train --small --threads 1 -o "$work/kept.aco" "$work/one" 2>&1
)
is 'train: a file that may not grow' $? 1
has 'and says that, too' "$out" 'File too large'
is 'what was there stays' \
  "$(cmp -s "$work/one.aco" "$work/kept.aco"; echo $?)" 0
is 'and nothing lies about' "$(find "$work" -name '*~' | wc -l)" 0

# ---- questions ----

models='"models":[{"name":"small","tier":1},{"name":"large","tier":5}]'

# ask OPTIONS...: the question on standard input; sets out, code
ask() {
  out=$(timeout 60 "$aco" route "$@" 2>&1)
  code=$?
}
refused() {
  is "refused: $1" "$code" 1
  has "and says why: $1" "$out" "$2"
}
serves() {
  is "answered: $1" "$code" 0
  has "sanely: $1" "$out" "\"model\":\"$2\""
}

ask </dev/null
refused 'nothing' 'invalid JSON'
ask < <(head -c 5000 /dev/urandom)
refused 'bytes' 'JSON'
ask < <(printf '{"text":"\xff\xfe",%s}' "$models")
refused 'text that is not UTF-8' 'not UTF-8'
ask < <(printf '[]')
refused 'a list' 'no JSON object'
ask < <(printf '{"text":"x"}')
refused 'no models' 'models'
ask < <(head -c 200000 /dev/zero | tr '\0' '[')
refused 'brackets without an end' 'too deep'
ask < <(printf '{"text":"%s",%s}' \
  "$(head -c 9000000 /dev/zero | tr '\0' a)" "$models")
refused 'too much' 'too large'
ask < <(printf '{"text":"x",%s,"goal":"quality:nan"}' "$models")
refused 'a goal that is no number' 'goal'
ask < <(printf '{"text":"x",%s,"budget_usd":-5}' "$models")
refused 'a budget below nothing' 'no amount'
ask < <(printf '{"text":"x",%s,"floor":9}' "$models")
refused 'a floor that is no tier' 'floor'
ask < <(printf '{"text":"x","models":[{"name":"a","input_usd_per_mtok":1e400}]}')
refused 'a price beyond all bounds' 'price'
ask --bundle "$work/one" < <(printf '{"text":"x",%s}' "$models")
refused 'a version of the router that is none' 'no bundle'
head -c 3000 "$work/one.aco" >"$work/cut.aco"
ask --bundle "$work/cut.aco" < <(printf '{"text":"x",%s}' "$models")
refused 'half a version of the router' 'bundle'

ask < <(printf '{"text":"",%s}' "$models")
serves 'no text' large
ask < <(printf '{"text":"%s",%s}' \
  "$(head -c 7000000 /dev/zero | tr '\0' a)" "$models")
is 'answered: seven megabytes' "$code" 0
ask < <(printf '{"text":"\\u0000\\u0001\\ud800",%s}' "$models")
is 'answered: control characters and half a pair' "$code" 0
ask < <(printf '{"class":"never/seen","text":"x","floor":4,%s}' "$models")
serves 'a class never seen, under a floor' large
ask < <(printf '{"class":"legal","text":"x","goal":"budget:0.000001",%s}' \
  "$models")
serves 'a regulated class on no money' large
ask < <(printf '{"text":"x",%s,"samples":99,"tried":[{"model":"small",
  "evidence":{"agreement":1e300,"finish":-7}}]}' "$models")
is 'answered: evidence that is none' "$code" 0
for v in one won lost free unpriced; do
  ask --bundle "$work/$v.aco" < <(printf '{"class":"c0","text":"do it",
    "floor":5,%s}' "$models")
  serves "a floor, by a router of '$v'" large
done

# ---- the daemon, and features from the future ----

if ! command -v curl >/dev/null; then
  skip 'the daemon' 'no curl'
  finish
fi
export ACO_KEYS=off
up
use bad
# shellcheck disable=SC2119
serve_start
post() {
  curl -s -m 60 -o "$work/body" -w '%{http_code}' --data-binary @- \
    -H 'content-type: application/json' "$url/v1/route"
}
is 'POST nothing' "$(post </dev/null)" 400
is 'POST bytes' "$(head -c 5000 /dev/urandom | post)" 400
is 'POST text that is not UTF-8' \
  "$(printf '{"text":"\xff",%s}' "$models" | post)" 400
code=$(head -c 40000000 /dev/zero | tr '\0' a | post)
case $code in
400 | 413) pass 'POST forty megabytes' ;;
*) fail 'POST forty megabytes' "$code" ;;
esac
is 'POST a class never seen' "$(printf \
  '{"class":"never/seen","text":"x","floor":4,%s}' "$models" | post)" 200
has 'has a model at its floor' "$(cat "$work/body")" '"model":"large"'
is 'and the daemon lives' "$(curl -s -m 20 -o "$work/body" \
  -w '%{http_code}' "$url/healthz")" 200
"$aco" import -q outcomes "$work/one" >"$work/log" 2>&1 ||
  bail "import: $(cat "$work/log")"
sql bad "UPDATE trial SET feature_schema = gen_random_uuid()
  WHERE features IS NOT NULL" >"$work/log" 2>&1 ||
  bail "$(cat "$work/log")"
"$aco" train --ledger --small --threads 1 -o "$work/future.aco" \
  >"$work/out" 2>&1
is 'features of a schema from the future are as if there were none' $? 0
ask --bundle "$work/future.aco" < <(printf '{"class":"c0","text":"do it",
  "models":["small","large"]}')
is 'and what is left decides' "$code" 0

# ---- two that publish at once, and a daemon that dies meanwhile ----

versions() {
  sql bad "SELECT string_agg(state, ' ' ORDER BY state) FROM bundle"
}
first=0 second=0
"$aco" train --ledger --small --threads 1 --publish >"$work/first" 2>&1 &
first=$!
"$aco" train --ledger --small --threads 1 --publish >"$work/second" 2>&1 &
second=$!
# The daemon's janitor may be bringing the one version while the other comes.
kill -9 "$daemon"
wait "$first"
is 'the first of two that publish' $? 0
wait "$second"
is 'the second of two' $? 0
is 'both are there' "$(sql bad 'SELECT count(*) FROM bundle')" 2
case $(versions) in
*serving*serving*) fail 'at most one serves' "$(versions)" ;;
*) pass 'at most one serves' ;;
esac
wait "$daemon"
# shellcheck disable=SC2119
serve_start
is 'another one starts' "$(printf '{"text":"x",%s}' "$models" | post)" 200
serve_stop
finish
