#!/usr/bin/env bash
# Samples per second of local SGD beside PyTorch's own tools (Debian's python3-torch), in turn: two workers of
# one thread each, the same network, batch, optimizer and period 8. First PeriodicModelAverager (PostLocalSGD),
# then DistributedDataParallel beside our every_step.
#   bench/beside_pytorch.sh resnet20|gpt [PAIRS] [STEPS] [fp32|bf16] [MUSTER]
set -euo pipefail
model=${1:?resnet20 or gpt} pairs=${2:-7} steps=${3:-60} precision=${4:-fp32}
# Debian's OpenBLAS takes new Intel processors for a Prescott; muster says better by itself, here for both sides.
grep -q -w avx512vl /proc/cpuinfo && export OPENBLAS_CORETYPE=${OPENBLAS_CORETYPE:-SkylakeX}
here=$(cd "$(dirname "$0")" && pwd)
muster=${5:-$here/../build/release/bin/muster}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

if [ "$model" = gpt ]; then
  batch=8
  network=(--task.name markov --text.vocabulary 256 --text.markov_order 1 --text.context 128 --task.model gpt
    --gpt.layers 6 --gpt.width 384 --gpt.heads 6 --task.samples 2048 --task.test_samples 64
    --inner.optimizer adamw --inner.weight_decay 0.1 --learning_rate.peak 0.001)
else
  batch=32
  network=(--task.name generated --task.model resnet20 --task.test_samples 100)
fi

ours() {  # ours RULE
  rm -rf "$out/run"
  "$muster" train "${network[@]}" --task.batch $batch --run.workers 2 --run.threads 2 --run.steps "$steps" \
    --run.precision "$precision" --schedule.rule "$1" --schedule.base_period 8 --evaluation.every 0 \
    --checkpoint.every 0 --run.out "$out/run" --json 2>/dev/null |
    python3 -c 'import json, sys; r = json.load(sys.stdin); print("%.1f %d" % (r["samples_per_second"], r["parameters"]))'
}
theirs() {  # theirs METHOD
  local flags=()
  [ "$precision" = bf16 ] && flags=(--bf16)
  /usr/bin/python3 "$here/peers/local_sgd.py" --model "$model" --method "$1" --batch $batch --steps "$steps" "${flags[@]}"
}

compare() {  # compare RULE METHOD
  for _ in $(seq "$pairs"); do
    echo "$(ours "$1") $(theirs "$2")"
  done | tee "$out/pairs" |
    awk -v rule="$1" -v method="$2" '{printf "%s %s (%d parameters), %s %s (%d): ratio %.3f\n", rule, $1, $2, method, $3, $4, $1 / $3}'
  awk '{print $1 / $3}' "$out/pairs" | sort -n |
    awk -v rule="$1" -v method="$2" '{r[NR] = $1} END {printf "%s beside %s: median %.3f, range %.3f to %.3f\n", rule, method, r[int((NR + 1) / 2)], r[1], r[NR]}'
}
echo "$model, $precision, batch $batch, $steps steps"
compare constant periodic
compare every_step ddp
