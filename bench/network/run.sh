#!/usr/bin/env bash
# Samples per second of HOSTS hosts, a process of one thread each, joined at RATE: PyTorch's DistributedDataParallel
# and PeriodicModelAverager beside Muster with several rules and codecs; the same model, batch, optimizer and
# OpenBLAS kernels. All hosts are network namespaces on this machine (hosts.sh; needs root) and share its processors;
# the network has no latency to speak of. Needs python3-torch.
#   bench/network/run.sh [gpt|resnet20] [HOSTS=4] [RATE=1gbit] [STEPS=48] [TURNS=3] [MUSTER]
# gpt: 10.7 M parameters, 2 sequences of 32 tokens a host; resnet20: 0.27 M parameters, 32 images a host.
# Prints every run, and a table of medians: t_c is a step's time without meetings, all hosts computing at once; t_m
# what every_step adds to it; "limit" is (t_c + t_m) / (t_c + t_m x rounds / steps).
set -euo pipefail
export model=${1:-gpt} hosts=${2:-4} rate=${3:-1gbit} steps=${4:-48} turns=${5:-3}
here=$(cd "$(dirname "$0")" && pwd)
export here muster=${6:-$here/../../build/release/bin/muster}
export HOSTS_NAME=${HOSTS_NAME:-muster-net}
# Debian's OpenBLAS takes new Intel processors for a Prescott; muster says better by itself, here for both sides.
grep -q -w avx512vl /proc/cpuinfo && export OPENBLAS_CORETYPE=${OPENBLAS_CORETYPE:-SkylakeX}
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

if [ "${MUSTER_NETWORK_UP:-}" != yes ]; then
  MUSTER_NETWORK_UP=yes exec "$here/hosts.sh" with "$hosts" "$rate" "$here/run.sh" "$@"
fi
out=$(mktemp -d)
trap 'rm -rf "$out"; kill $(jobs -p) 2>/dev/null || true' EXIT

case $model in
  gpt)
    batch=2
    network=(--task.name markov --text.vocabulary 256 --text.markov_order 1 --text.context 32 --task.model gpt
      --gpt.layers 6 --gpt.width 384 --gpt.heads 6 --task.samples 4096 --task.test_samples 16
      --inner.optimizer adamw --inner.weight_decay 0.1 --learning_rate.peak 0.001)
    growth=0.0025
    peer=(--model gpt --context 32) ;;
  resnet20)
    batch=32
    network=(--task.name generated --task.model resnet20 --task.test_samples 100)
    growth=0.25
    peer=(--model resnet20) ;;
  *) echo "run.sh: no model '$model'" >&2; exit 2 ;;
esac

echo localhost >"$out/hosts"
for ((host = 1; host < hosts; ++host)); do echo "10.99.0.$((host + 1))" >>"$out/hosts"; done

result() {  # result NAME <SUMMARY: name, samples/s, rounds per step, seconds of a step that are not averaging
  python3 -c '
import json, sys
r = json.load(sys.stdin)
print(sys.argv[1], "%.2f" % r["samples_per_second"], r["communication"],
      (r["seconds"]["compute"] + r["seconds"]["data"]) / r["steps"], r["parameters"])' "$1"
}
ours() {  # ours NAME RULE FLAGS ...
  local label=$1 rule=$2
  shift 2
  rm -rf "$out/run"
  ip netns exec "$HOSTS_NAME-0" "$muster" launch --hosts "$out/hosts" --address 10.99.0.1 \
    --ssh "$here/remote_shell.sh" -- train "${network[@]}" --task.batch $batch --run.threads 1 --run.steps "$steps" \
    --schedule.rule "$rule" --evaluation.every 0 --checkpoint.every 0 --comm.interface eth0 "$@" \
    --run.out "$out/run" --json 2>"$out/errors" | result "$label" || { cat "$out/errors" >&2; exit 1; }
}
theirs() {  # theirs METHOD SHARE
  local rank port=$((20000 + RANDOM % 10000)) ranks=()
  for ((rank = 0; rank < hosts; ++rank)); do
    RANK=$rank WORLD_SIZE=$hosts MASTER_ADDR=10.99.0.1 MASTER_PORT=$port GLOO_SOCKET_IFNAME=eth0 \
      ip netns exec "$HOSTS_NAME-$rank" /usr/bin/python3 "$here/../peers/local_sgd.py" "${peer[@]}" --method "$1" \
      --workers "$hosts" --batch $batch --steps "$steps" >"$out/theirs.$rank" &
    ranks+=($!)
  done
  wait "${ranks[@]}"
  read -r speed parameters <"$out/theirs.0"
  echo "$1 $speed $2 0 $parameters"
}

echo "$model, $hosts hosts, $rate, batch $batch a host, $steps steps; $(uptime | sed 's/.*load/load/')"
for ((turn = 0; turn < turns; ++turn)); do
  theirs ddp 1
  theirs periodic 0.125
  ours no_meetings constant --schedule.base_period "$steps"
  ours every_step every_step
  ours constant_8 constant --schedule.base_period 8
  ours qsr qsr --schedule.base_period 4 --schedule.growth $growth
  for codec in int8 qsgd4; do
    ours every_step_$codec every_step --comm.codec $codec
    ours constant_8_$codec constant --schedule.base_period 8 --comm.codec $codec
  done
done | tee "$out/results"
python3 "$here/table.py" "$out/results" "$hosts" "$rate" $batch
