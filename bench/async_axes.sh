#!/usr/bin/env bash
# The axes of Liu et al. 2024 (Tables 1 to 3, figure of optimizers) on the toy problem of 1,024 hidden units: how unequal
# the devices are, how many workers, how wide the network, which optimizers. What is there is not made again.
#   bench/async_axes.sh MUSTER OUT "SEEDS" [levels] [workers] [widths] [optimizers]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
muster=$(realpath "$1") out=$2 seeds=$3
shift 3
configs=$here/../configs/async
mkdir -p "$out"
simulate() {  # FOLDER CONFIG [setting ...]
  local folder=$out/$1 config=$configs/$2.toml
  shift 2
  [ -e "$folder/summary.json" ] && return
  rm -rf "$folder"
  mkdir -p "$(dirname "$folder")"
  echo "$folder"
  "$muster" simulate "$config" "$@" --run.threads 1 --run.out "$folder" --json >/dev/null 2>"$out/errors" ||
    { tail -3 "$out/errors" >&2; exit 1; }
}
levels() {
  local -A speeds=([no]="[1,1,1,1]" [slight]="[0.58,0.7,0.85,1]" [moderate]="[0.58,0.75,1,1.51]" [very]="[0.58,0.75,1.51,3.33]")
  for level in no slight moderate very; do
    for method in naive delayed_nesterov_dynamic; do
      simulate "levels/$level/$method/$1" $method --async.seconds_per_step "${speeds[$level]}" --run.seed "$1"
    done
  done
  simulate "levels/very/synchronous/$1" synchronous --run.seed "$1"
}
workers() {
  local devices="0.58,0.75,1.51,3.33" all="0.58,0.75,1.51,3.33"
  for count in 4 8 16; do
    for method in synchronous naive delayed_nesterov_dynamic; do
      local delay=(--async.delay "$count")
      [ $method = naive ] && delay=()
      simulate "workers/$count/$method/$1" $method --async.seconds_per_step "[$all]" "${delay[@]}" \
        --run.steps $((2000 * count)) --evaluation.every $((200 * count)) --run.seed "$1"
    done
    all="$all,$all"
    [ $count = 8 ] && all="$devices,$devices,$devices,$devices"
  done
}
widths() {
  for width in 256 1024 4096; do
    for method in synchronous naive delayed_nesterov_dynamic; do
      simulate "widths/$width/$method/$1" $method --task.hidden "[$width]" --run.seed "$1"
    done
  done
}
optimizers() {
  local -A rates=([sgd]="0.35 0.7 1.4" [momentum]="0.07 0.2 0.7" [nesterov]="0.07 0.2 0.7" [adam]="0.001 0.003 0.01")
  for inner in adamw sgd; do
    local settings=()
    [ $inner = sgd ] && settings=(--inner.optimizer sgd --inner.momentum 0 --learning_rate.peak 0.3 --learning_rate.final 1e-3)
    for outer in sgd momentum nesterov adam; do
      for rate in ${rates[$outer]}; do
        simulate "optimizers/$inner-$outer/synchronous/$rate/$1" synchronous "${settings[@]}" --async.buffer_step $outer \
          --async.learning_rate "$rate" --run.seed "$1"
        simulate "optimizers/$inner-$outer/asynchronous/$rate/$1" naive "${settings[@]}" --async.outer $outer \
          --async.learning_rate "$rate" --run.seed "$1"
      done
    done
  done
}
for seed in $seeds; do
  for axis in "${@:-levels}"; do $axis "$seed"; done
done
python3 "$here/async_axes_table.py" "$out"
