#!/usr/bin/env bash
# Plans against measurements on a network: hosts are network namespaces on this machine (bench/network/hosts.sh; needs
# root, ip and tc). `muster plan --probe` runs every_step and two constant periods; then five rules are trained, two of
# which were not in the probe (constant 6 and qsr), and their times and bytes stand beside the plan's.
#   bench/plan_network.sh [MODELS="gpt resnet20 mlp"] [HOSTS="2 4"] [RATES="100mbit 1gbit"] [STEPS=48] [TURNS=3] [MUSTER]
# Each host has a core of its own (4 hosts on 2 cores: two share one). The machine's speed drifts from minute to minute;
# therefore a turn is a probe with the five trainings after it, and a row tells the median of the turns: model, hosts,
# rate, rule, planned seconds, measured seconds, off by % (median of the turns' ratios, least and most), planned bytes,
# measured bytes, off by %. Seconds are those of training (computing, data, meetings), without start, evaluation and
# checkpoint. resnet20 takes 3 STEPS, mlp 2. Below some ten seconds a row tells of the start of a run more than of its rounds.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
models=${1:-gpt resnet20 mlp} all_hosts=${2:-2 4} rates=${3:-100mbit 1gbit} steps=${4:-48} turns=${5:-3}
muster=$(realpath "${6:-$here/../build/release/bin/muster}")
name=${HOSTS_NAME:-muster-plan}
grep -q -w avx512vl /proc/cpuinfo && export OPENBLAS_CORETYPE=${OPENBLAS_CORETYPE:-SkylakeX}
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

network() {  # the keys of a model
  case $1 in
    gpt) echo "--task.name markov --text.vocabulary 256 --text.markov_order 1 --text.context 32 --task.model gpt
      --gpt.layers 2 --gpt.width 256 --gpt.heads 4 --task.samples 4096 --task.test_samples 16 --task.batch 2
      --inner.optimizer adamw --learning_rate.peak 0.001 --schedule.growth 0.0025" ;;
    resnet20) echo "--task.name generated --task.model resnet20 --task.test_samples 100 --task.batch 16
      --schedule.growth 0.25" ;;
    mlp) echo "--task.name generated --task.model mlp --task.test_samples 100 --task.batch 32 --schedule.growth 0.25" ;;
    *) echo "plan_network.sh: no model '$1'" >&2; exit 2 ;;
  esac
}

one() {  # one MODEL HOSTS RATE, inside the network
  local model=$1 hosts=$2 rate=$3 out words host
  case $model in resnet20) steps=$((3 * steps)) ;; mlp) steps=$((2 * steps)) ;; esac
  local longest=$((steps / 4 > 8 ? steps / 4 : 8))
  out=$(mktemp -d)
  trap 'rm -rf "$out"' RETURN
  read -r -d '' -a words < <(network "$model") || true
  words+=(--run.threads 1 --run.loader_threads 0 --comm.interface eth0 --evaluation.every 0 --checkpoint.every 0)
  echo localhost >"$out/hosts"
  for ((host = 1; host < hosts; ++host)); do echo "10.99.0.$((host + 1))" >>"$out/hosts"; done
  local launch=(--hosts "$out/hosts" --address 10.99.0.1 --ssh "$here/network/remote_shell.sh")
  export HOSTS_NAME=$name HOSTS_PINNED=yes
  local turn
  for ((turn = 0; turn < turns; ++turn)); do one_turn; done
  tell <"$out/turns"
}

one_turn() {  # of `one`: a probe, then the trainings; a line of JSON each to $out/turns
  ip netns exec "$name-0" taskset -c 0 "$muster" plan "${words[@]}" --run.steps "$steps" --run.workers "$hosts" --hosts "$hosts" \
    --schedule.rule qsr --periods "2,4,6,$longest" --probe --probe-steps "$steps" --launch="${launch[*]}" --json \
    >"$out/plan.json" 2>"$out/errors" || { cat "$out/errors" >&2; return 1; }
  local rule flags
  for rule in every_step constant:2 "constant:$longest" constant:6 qsr; do
    flags=(--schedule.rule "${rule%%:*}")
    [[ $rule == *:* ]] && flags+=(--schedule.base_period "${rule##*:}")
    rm -rf "$out/run"
    ip netns exec "$name-0" taskset -c 0 "$muster" launch "${launch[@]}" -- train "${words[@]}" --run.steps "$steps" "${flags[@]}" \
      --run.out "$out/run" --json >"$out/summary.json" 2>"$out/errors" || { cat "$out/errors" >&2; return 1; }
    python3 - "$out" "$model $hosts $rate" "$rule" >>"$out/turns" <<'PY'
import json, sys
out, setting, rule = sys.argv[1:]
plan, run = (json.load(open(f"{out}/{name}.json")) for name in ("plan", "summary"))
row = next(row for row in plan["rows"] if row["name"] == rule)
print(json.dumps({"setting": setting, "rule": rule, "planned": row["seconds"]["total"] - row["seconds"]["other"],
                  "measured": sum(run["seconds"][part] for part in ("compute", "waiting", "averaging", "data")),
                  "sent": row["bytes_per_worker"], "handed": run["bytes_per_worker"]}))
PY
  done
}

tell() {  # the turns' lines, a row for each rule
  python3 -c '
import json, statistics, sys
rules = {}
for line in map(json.loads, sys.stdin):
    rules.setdefault(line["rule"], []).append(line)
for rule, turns in rules.items():
    planned, measured = (statistics.median(turn[name] for turn in turns) for name in ("planned", "measured"))
    off = sorted(100 * (turn["planned"] / turn["measured"] - 1) for turn in turns)
    sent, handed = turns[0]["sent"], turns[0]["handed"]
    model, hosts, rate = turns[0]["setting"].split()
    print(f"{model:9} {hosts} {rate:8} {rule:12} {planned:8.2f} s {measured:8.2f} s {statistics.median(off):+6.1f} %"
          f" ({off[0]:+.1f} to {off[-1]:+.1f})  {sent / 1e6:9.2f} MB {handed / 1e6:9.2f} MB"
          f" {100 * (sent / handed - 1):+5.2f} %", flush=True)'
}

if [ "${MUSTER_PLAN_INSIDE:-}" = yes ]; then
  one "$1" "$2" "$3"
  exit
fi
export name steps turns muster
for hosts in $all_hosts; do
  for rate in $rates; do
    for model in $models; do
      MUSTER_PLAN_INSIDE=yes HOSTS_NAME=$name "$here/network/hosts.sh" with "$hosts" "$rate" "$here/plan_network.sh" \
        "$model" "$hosts" "$rate" "$steps" "$turns" "$muster"
    done
  done
done
