#!/usr/bin/env bash
# The asynchronous methods on text: a small GPT, four workers of the published speeds, beginning with a model that one
# worker has trained for a while. Every method at every outer learning rate and seed; what is there is not made again.
#   bench/async_text.sh MUSTER OUT TEXT "SEEDS" "RATES" METHOD ...
# TEXT: a text file, or `markov` (generated). METHOD: synchronous naive buffer delayed_nesterov
# delayed_nesterov_dynamic momentum_look_ahead. All in one thread.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
muster=$(realpath "$1") out=$2 text=$3 seeds=$4 rates=$5
shift 5
mkdir -p "$out"
if [ "$text" = markov ]; then
  task=(--task.name markov --task.samples 100000 --text.vocabulary 16 --text.markov_order 2)
  before=600
else
  task=(--task.name text --task.data "$text")
  before=800
fi
# The chain of the generated text follows from the seed: a start for each.
config=$here/../configs/async/gpt_tinyshakespeare.toml
train_start() {
  start=$out/start-$1
  [ -e "$start/model.safetensors" ] && return
  rm -rf "$start"
  "$muster" train "${task[@]}" --task.model gpt --gpt.layers 2 --gpt.width 96 --gpt.heads 3 --text.context 64 \
    --task.batch 16 --task.test_samples 1024 --run.workers 1 --run.steps $before --run.seed "$1" --run.threads 1 \
    --inner.optimizer adamw --inner.weight_decay 0.1 --inner.clip 1 --evaluation.every 0 \
    --learning_rate.shape constant --learning_rate.peak 1e-3 --learning_rate.warmup_steps 100 --run.out "$start"
}
declare -A settings=(
  [synchronous]="--async.outer buffer --async.grace 1000"
  [naive]="--async.outer nesterov"
  [buffer]="--async.outer buffer --async.delay 4"
  [delayed_nesterov]="--async.outer delayed_nesterov --async.delay 4"
  [delayed_nesterov_dynamic]="--async.outer delayed_nesterov --async.delay 4 --async.dynamic_local_updates true --async.grace 1.7"
  [momentum_look_ahead]="--async.outer ema"
)
for seed in $seeds; do
  train_start "$seed"
  for rate in $rates; do
    for method in "$@"; do
      run=$out/$method/rate-$rate/seed-$seed
      [ -e "$run/summary.json" ] && continue
      rm -rf "$run"
      mkdir -p "$(dirname "$run")"
      echo "$method, outer learning rate $rate, seed $seed"
      read -ra chosen <<<"${settings[$method]}"
      "$muster" simulate "$config" "${task[@]}" "${chosen[@]}" --async.learning_rate "$rate" --run.seed "$seed" \
        --run.start_from "$start/model.safetensors" --run.threads 1 --run.out "$run" --json \
        >/dev/null 2>"$out/errors" || { tail -3 "$out/errors" >&2; exit 1; }
    done
  done
done
python3 "$here/async_methods_table.py" "$out"
