#!/usr/bin/env bash
# Time that the training threads stand still at meetings over a slow link: two processes in network namespaces of
# their own, joined by a pair of virtual interfaces behind token buckets. Needs root. Beside it the physical limit:
# what a meeting's bytes take on the link, and what a round computes.
#   bench/overlap_link.sh [MUSTER] [RATE in Mbit/s] [ROUNDS] [PERIOD]
set -euo pipefail
muster=$(realpath "${1:-$(dirname "$0")/../build/release/bin/muster}") rate=${2:-100} rounds=${3:-40} period=${4:-4}
tag=mu$$
out=$(mktemp -d)
clean() {
  ip netns del "$tag-a" 2>/dev/null || true
  ip netns del "$tag-b" 2>/dev/null || true
  rm -rf "$out"
}
trap clean EXIT
ip netns add "$tag-a"
ip netns add "$tag-b"
ip link add veth0 netns "$tag-a" type veth peer name veth0 netns "$tag-b"
for side in a b; do
  ip -n "$tag-$side" link set lo up
  ip -n "$tag-$side" addr add "10.77.0.$([ $side = a ] && echo 1 || echo 2)/24" dev veth0
  ip -n "$tag-$side" link set veth0 up
  tc -n "$tag-$side" qdisc add dev veth0 root tbf rate "${rate}mbit" burst 64kb latency 400ms
done

train() {  # train NAME OPTION...: two processes, one worker and one core each
  local name=$1 rank
  shift
  for rank in 0 1; do
    ip netns exec "$tag-$([ $rank = 0 ] && echo a || echo b)" env RANK=$rank WORLD_SIZE=2 LOCAL_RANK=0 \
      LOCAL_WORLD_SIZE=1 MASTER_ADDR=10.77.0.1 MASTER_PORT=29511 taskset -c $((rank % $(nproc))) "$muster" train \
      --task.model resnet20 --run.steps $((rounds * period)) --schedule.rule constant \
      --schedule.base_period "$period" --evaluation.every 0 --checkpoint.every 0 --comm.interface veth0 \
      --run.out "$out/$name" "$@" >"$out/$name.$rank.log" 2>&1 &
  done
  wait -n || { cat "$out/$name".*.log; exit 1; }
  wait -n || { cat "$out/$name".*.log; exit 1; }
  python3 - "$out/$name/metrics.jsonl" "$name" "$rate" <<'PYTHON'
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
rounds = [line["seconds"] | {"bytes": line["bytes_per_worker"]} for line in lines if "bytes_per_worker" in line]
total = lambda part, among: sum(one[part] for one in among)
still = lambda among: total("averaging", among) / sum(total(p, among) for p in ("compute", "waiting", "averaging", "data"))
compute = total("compute", rounds) / len(rounds)
transfer = rounds[0]["bytes"] * 8 / (float(sys.argv[3]) * 1e6)
print(f"{sys.argv[2]:>18}: stands still {100 * still(rounds[:-1]):5.2f} % of the time "
      f"({100 * still(rounds):5.2f} % with the last meeting, for which all wait); a round computes {compute:.3f} s, "
      f"its {rounds[0]['bytes'] / 1e6:.2f} MB take {transfer:.3f} s at {sys.argv[3]} Mbit/s: at least "
      f"{100 * transfer / (compute + transfer):.1f} % without overlap, {100 * max(0.0, transfer - compute) / max(transfer, compute):.1f} % with it")
PYTHON
}
train none
train delayed --comm.overlap delayed
train "delayed, 4 pieces" --comm.overlap delayed --comm.fragments 4
