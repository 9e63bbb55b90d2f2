#!/usr/bin/env bash
# A meeting of several processes on this host, 22 M parameters: Muster's (bench_group_meeting) and that of PyTorch's
# PeriodicModelAverager in turn; each program also times bare Gloo all-reduces in its own processes. Prints the
# medians over the turns, and the ratios with their ranges.
#   bench/group_meeting.sh [BENCH] [TURNS] [PROCESSES] [ELEMENTS]
# BENCH is build/release/bin/bench_group_meeting (configure with -DMUSTER_BENCH=ON); needs python3-torch.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bench=${1:-$here/../build/release/bin/bench_group_meeting} turns=${2:-7} processes=${3:-2} elements=${4:-22000000}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
for _ in $(seq "$turns"); do
  "$bench" "$processes" "$elements" 9 >"$out/ours"
  /usr/bin/python3 "$here/peers/periodic_averager.py" "$processes" "$elements" 9 >"$out/theirs"
  python3 - "$out/ours" "$out/theirs" <<'PYTHON'
import json, re, sys
times = {match[1]: float(match[2]) for match in re.finditer(r"^(.*\S) +([\d.]+) ms", open(sys.argv[1]).read(), re.M)}
theirs = json.load(open(sys.argv[2]))
bare = [times[name] for name in times if name.startswith("bare")] + [1e3 * theirs["all_reduce"]]
mean, whole, kept = (next(times[name] for name in times if name.startswith(start)) for start in ("mean", "whole", "with"))
print(f"{min(bare):.1f} {mean:.1f} {whole:.1f} {kept:.1f} {1e3 * theirs['averager']:.1f}")
PYTHON
done | tee "$out/turns" | awk '{printf "best bare all-reduce %s ms, mean in rank order %s, whole meeting %s, with an anchor kept %s, PeriodicModelAverager %s\n", $1, $2, $3, $4, $5}'
python3 - "$out/turns" <<'PYTHON'
import statistics, sys
rows = [[float(word) for word in line.split()] for line in open(sys.argv[1])]
bare, mean, whole, kept, averager = zip(*rows)
print("medians: best bare all-reduce %.1f ms, mean in rank order %.1f, whole meeting %.1f, with an anchor kept %.1f, "
      "PeriodicModelAverager %.1f" % tuple(statistics.median(column) for column in (bare, mean, whole, kept, averager)))
for ours, column in (("whole meeting", whole), ("with an anchor kept", kept)):
    for name, other in (("PeriodicModelAverager", averager), ("the best bare all-reduce", bare)):
        ratios = [a / b for a, b in zip(column, other)]
        print(f"{ours} beside {name}: {statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})")
PYTHON
