#!/usr/bin/env bash
# Bytes that a host puts on the wire in a meeting, by codec, counted by the kernel at the interfaces of HOSTS network
# namespaces (headers, acknowledgements and signs of life within that time included): what a run with 12 meetings
# sent less what one with 4 sent, over 8. Needs root.
#   bench/network/bytes.sh [HOSTS=4] [RATE=10gbit] [MUSTER] [CODEC ...]
set -euo pipefail
export hosts=${1:-4} rate=${2:-10gbit}
here=$(cd "$(dirname "$0")" && pwd)
export here muster=${3:-$here/../../build/release/bin/muster}
export HOSTS_NAME=${HOSTS_NAME:-muster-net}
if [ "${MUSTER_NETWORK_UP:-}" != yes ]; then
  MUSTER_NETWORK_UP=yes exec "$here/hosts.sh" with "$hosts" "$rate" "$here/bytes.sh" "$@"
fi
shift $(($# < 3 ? $# : 3))
codecs=("$@")
((${#codecs[@]})) || codecs=(fp16 bf16 qsgd8 int8 qsgd4 qsgd2 top_k)
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
echo localhost >"$out/hosts"
for ((host = 1; host < hosts; ++host)); do echo "10.99.0.$((host + 1))" >>"$out/hosts"; done

sent() {  # bytes of all hosts so far
  local host
  for ((host = 0; host < hosts; ++host)); do
    ip netns exec "$HOSTS_NAME-$host" awk '/eth0:/ {print $10}' /proc/net/dev
  done | awk '{sum += $1} END {printf "%.0f\n", sum}'
}
of_run() {  # of_run CODEC MEETINGS: bytes of a run; the model has 3.7 M parameters
  local before
  before=$(sent)
  rm -rf "$out/run"
  ip netns exec "$HOSTS_NAME-0" "$muster" launch --hosts "$out/hosts" --address 10.99.0.1 \
    --ssh "$here/remote_shell.sh" -- train --task.name generated --task.model mlp --task.hidden 1024,512 \
    --task.batch 4 --task.test_samples 16 --run.threads 1 --run.steps "$2" --schedule.rule constant \
    --schedule.base_period 1 --evaluation.every 0 --checkpoint.every 0 --comm.interface eth0 --comm.codec "$1" \
    --run.out "$out/run" --json >"$out/summary" 2>"$out/errors" || { cat "$out/errors" >&2; exit 1; }
  echo $(($(sent) - before))
}
per_meeting() { echo $((($(of_run "$1" 12) - $(of_run "$1" 4)) / 8 / hosts)); }

full=$(per_meeting fp32)
parameters=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["parameters"])' "$out/summary")
echo "$hosts hosts, $parameters parameters"
printf '%-6s %12d bytes per host and meeting, %.4f of 2 (N - 1) / N of the vector\n' fp32 "$full" \
  "$(python3 -c 'import sys; f, n, p = map(int, sys.argv[1:]); print(f / (2 * (n - 1) / n * 4 * p))' "$full" "$hosts" "$parameters")"
for codec in "${codecs[@]}"; do
  bytes=$(per_meeting "$codec")
  printf '%-6s %12d bytes per host and meeting, %.4f of fp32\n' "$codec" "$bytes" \
    "$(python3 -c 'import sys; print(int(sys.argv[1]) / int(sys.argv[2]))' "$bytes" "$full")"
done
