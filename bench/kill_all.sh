#!/usr/bin/env bash
# An elastic run of three processes all of which are killed (kill -9) at once, at random moments; they come again and
# go on from the newest checkpoint. What lay on the disk at that moment is copied and gone on with by hand, in one
# process: both must come to the same bits.
#   bench/kill_all.sh [TIMES=10] [SEED=1] [MUSTER]
# Prints a line for each time; ends with 0 when all models are equal.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
times=${1:-10} seed=${2:-1}
muster=$(realpath "${3:-$here/../build/release/bin/muster}")
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
RANDOM=$seed
training=(--task.model mlp --task.samples 512 --task.batch 4 --task.hidden 16 --run.steps 4000 --rule constant
  --base_period 4 --learning_rate.peak 0.01 --evaluation.every 1000 --checkpoint.every 100)
ranks_of() {  # ranks_of FOLDER: the processes of the run that train
  local pid
  for pid in $(pgrep -f muster-engine); do
    if tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF -- "$1 "; then echo "$pid"; fi
  done
}
wrong=0
for ((i = 1; i <= times; ++i)); do
  run=$out/$i by_hand=$out/$i-by-hand
  "$muster" launch -n 3 --min-workers 2 --restarts 5 --deadline 5 -- train "${training[@]}" --run.out "$run" \
    >"$out/$i.log" 2>&1 &
  launcher=$!
  lines=$((100 + RANDOM % 600))
  until [ "$(wc -l 2>/dev/null <"$run/metrics.jsonl" || echo 0)" -ge "$lines" ]; do sleep 0.05; done
  mapfile -t ranks < <(ranks_of "$run")
  kill -9 "${ranks[@]}"
  cp -r "$run" "$by_hand"
  code=0
  wait "$launcher" || code=$?
  "$muster" train "$by_hand/config.toml" --run.resume --run.out "$by_hand" >"$out/$i-by-hand.log" 2>&1 || code=by-hand-$?
  verdict=equal
  cmp -s "$run/model.safetensors" "$by_hand/model.safetensors" || verdict=different
  [ "$code$verdict" = 0equal ] || { wrong=$((wrong + 1)); tail -5 "$out/$i.log"; }
  echo "$i: ${#ranks[@]} killed at line $lines, $(grep -h 'resuming from' "$out/$i.log" | tail -1 | sed 's,.*/,,'): exit $code, $verdict"
done
echo "$((times - wrong)) of $times equal"
[ "$wrong" = 0 ]
