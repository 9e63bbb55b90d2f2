#!/usr/bin/env bash
# The claim of the slow SDE on a small network: from one checkpoint, SGD beside Local SGD at the same total batch, with
# a small and a large learning rate, for short and for long, with plain and with noisy labels, three seeds.
#   bench/slow_sde_claim.sh CIFAR_FOLDER OUT [MUSTER]       (MUSTER: build/release/bin/muster)
# Under an hour on two quiet cores; killed and started again it goes on. OUT/plain and OUT/label_noise hold report.html.
set -euo pipefail
data=$1 out=$2 muster=${3:-$(dirname "$0")/../build/release/bin/muster} seeds=${SEEDS:-3}
configs=$(dirname "$0")/../configs/papers
mkdir -p "$out"
began=$(date +%s)
[ -f "$out/start/summary.json" ] ||
  "$muster" train "$configs/slow_sde_small_start.toml" --task.data "$data" --run.out "$out/start" --run.resume

study() {  # study NAME: four arms, each on one thread
  "$muster" compare "$configs/slow_sde_small_$1.toml" --seeds "$seeds" --task.data "$data" \
    --run.start_from "$out/start/model.safetensors" --out "$out/$1" >"$out/$1.log" 2>&1
}
study plain & plain=$!
study label_noise
wait $plain
echo "$(( ($(date +%s) - began) / 60 )) minutes"
python3 "$(dirname "$0")/slow_sde_claim_table.py" "$out"
