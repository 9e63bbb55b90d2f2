#!/usr/bin/env bash
# Does the configuration that `muster plan` recommends run unchanged, and in the time that was planned? A turn is a
# probe here, and the training of what it recommends.
#   bench/plan_recommended.sh [KEYS="--task.name generated --task.model resnet8 ..."] [STEPS=600] [TURNS=3] [MUSTER]
# A row: recommended rule, planned seconds, measured seconds, off by %; at the end the median of the turns. Seconds are
# all of the training: computing, data, meetings, evaluation, checkpoints.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
keys=${1:---task.name generated --task.model resnet8 --task.batch 16 --run.workers 4 --evaluation.every 0}
steps=${2:-600} turns=${3:-3}
muster=$(realpath "${4:-$here/../build/release/bin/muster}")
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
for ((turn = 0; turn < turns; ++turn)); do
  rm -rf "$out/plan" "$out/run"
  # shellcheck disable=SC2086  # several words
  "$muster" plan $keys --run.steps "$steps" --run.threads 1 --run.loader_threads 0 --probe --out "$out/plan" --json \
    >"$out/plan.json" 2>"$out/errors" || { cat "$out/errors" >&2; exit 1; }
  "$muster" train "$out/plan/recommended.toml" --run.out "$out/run" --json >"$out/summary.json" 2>"$out/errors" ||
    { cat "$out/errors" >&2; exit 1; }
  python3 - "$out" <<'PY' | tee -a "$out/rows"
import json, sys
plan, run = (json.load(open(f"{sys.argv[1]}/{name}.json")) for name in ("plan", "summary"))
name = plan["recommended"]["name"]
planned = next(row for row in plan["rows"] if row["name"] == name)["seconds"]["total"]
measured = run["seconds"]["total"]
print(f"{name:14} {planned:8.2f} s {measured:8.2f} s {100 * (planned / measured - 1):+6.1f} %", flush=True)
PY
done
python3 -c '
import statistics, sys
print("median %+.1f %%" % statistics.median(float(line.split()[-2]) for line in open(sys.argv[1])))' "$out/rows"
