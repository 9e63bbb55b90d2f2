#!/usr/bin/env bash
# The plan's failures against real ones. First a run that is killed (kill -9) at random moments and goes on from its
# last checkpoint; then an elastic run of two processes under `muster chaos`, where the others go on.
#   bench/plan_failures.sh [KILLS=6] [STEPS=1500] [MUSTER]
# Prints planned and measured seconds; the planned ones from an undisturbed run (--run), the rate at which it was in
# fact killed, and the measured time of a restart.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
kills=${1:-6} steps=${2:-1500}
muster=$(realpath "${3:-$here/../build/release/bin/muster}")
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
every=100
training=(--task.name generated --task.model mlp --task.batch 64 --task.test_samples 100 --schedule.rule constant
  --schedule.base_period 8 --run.threads 1 --run.steps "$steps" --evaluation.every 0)
now() { date +%s.%N; }
less() { python3 -c 'import sys; print(float(sys.argv[1]) - float(sys.argv[2]))' "$1" "$2"; }
plan() {  # plan RUN KILLS RESTART WORKERS KEYS ...: seconds without failures, and what they add
  local run=$1 number=$2 restart=$3 workers=$4
  shift 4
  local hours
  hours=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["seconds"]["total"] / 3600)' "$run/summary.json")
  "$muster" plan "${training[@]}" "$@" --run "$run" --restart "${restart}s" --json \
    --failures "$(python3 -c "print($number / $workers / $hours)")" |
    python3 -c '
import json, sys
row = json.load(sys.stdin)["rows"][0]["seconds"]
print(row["total"] - row["failures"], row["failures"])'
}

# One process, workers on one thread: killed and resumed.
process=(--run.workers 2 --checkpoint.every $every)
began=$(now)
"$muster" train "${training[@]}" "${process[@]}" --run.out "$out/calm" >/dev/null 2>&1
calm=$(less "$(now)" "$began")
start=$(python3 -c 'import json, sys; print(max(0.0, float(sys.argv[2]) - json.load(open(sys.argv[1]))["seconds"]["total"]))' \
  "$out/calm/summary.json" "$calm")
began=$(now)
done_kills=0
RANDOM=7
while :; do
  setsid "$muster" train "${training[@]}" "${process[@]}" --run.out "$out/killed" --run.resume >/dev/null 2>&1 &
  child=$!
  if ((done_kills < kills)); then
    sleep "$(python3 -c "import sys; print($start + 0.15 * $calm * (0.5 + $RANDOM / 32768))")"
    if kill -9 "$child" 2>/dev/null; then done_kills=$((done_kills + 1)); fi
  fi
  wait "$child" 2>/dev/null && break || true
done
measured=$(less "$(now)" "$began")
read -r work failing < <(plan "$out/calm" "$done_kills" "$start" 2 "${process[@]}")
python3 -c '
import sys
start, work, failing, measured, kills = map(float, sys.argv[1:])
planned = start + work + failing
print(f"killed {kills:.0f} times, resumed from checkpoints: planned {planned:.1f} s ({failing:.1f} of them for failures), "
      f"measured {measured:.1f} s: {100 * (planned / measured - 1):+.1f} %")' "$start" "$work" "$failing" "$measured" "$done_kills"

# Two processes: the survivor goes on.
# While one is away, the other meets nobody: long rounds and long pauses keep that small.
elastic=(--elastic.min_workers 1 --checkpoint.every 0)
# Each rank has a core of its own: otherwise it is also the processor's time that a survivor has to itself.
training+=(--run.steps $((2 * steps)) --schedule.base_period 32)
pin_ranks() {
  local pid rank
  while :; do
    for pid in $(pgrep -f -- "--run.out $out/elastic"); do
      rank=$(tr '\0' '\n' 2>/dev/null <"/proc/$pid/environ" | sed -n 's/^RANK=//p') || continue
      if [ -n "$rank" ]; then taskset -acp $((rank % $(nproc --all))) "$pid" >/dev/null 2>&1 || true; fi
    done
    sleep 0.2
  done
}
pin_ranks &
pinning=$!
trap 'kill $pinning 2>/dev/null; rm -rf "$out"' EXIT
"$muster" chaos --kills $(((kills + 1) / 2)) --every 12 --baseline 1 --json -- muster launch -n 2 --min-workers 1 --restarts 99 -- \
  train "${training[@]}" --checkpoint.every 0 --run.out "$out/elastic" >"$out/chaos.json" 2>"$out/errors" || tail -3 "$out/errors" >&2
read -r number restart < <(python3 -c '
import json, sys
hits = [d["recovery_seconds"] for d in json.load(open(sys.argv[1]))["disturbances"] if d["recovery_seconds"] is not None]
print(len(hits), sum(hits) / max(1, len(hits)))' "$out/chaos.json")
read -r work failing < <(plan "$out/elastic-baseline-1" "$number" "$restart" 2 --run.workers 2 "${elastic[@]}")
python3 -c '
import json, statistics, sys
# Each writer counts from its own start, so the round at which another took over is taken for a usual one.
walls = [json.loads(line)["wall_seconds"] for line in open(sys.argv[1])]
rounds = [b - a for a, b in zip([0] + walls, walls)]
usual = statistics.median(rounds)
measured = sum(usual if seconds < 0 else seconds for seconds in rounds)
number, work, failing = map(float, sys.argv[2:])
planned = work + failing
print(f"muster chaos, {number:.0f} kills, the survivor went on: planned {planned:.1f} s ({failing:.2f} for failures), "
      f"measured {measured:.1f} s: {100 * (planned / measured - 1):+.1f} %")' "$out/elastic/metrics.jsonl" "$number" "$work" "$failing"
