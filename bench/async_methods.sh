#!/usr/bin/env bash
# The asynchronous methods beside each other, the outer learning rate swept for each alike: every configuration of
# configs/async that is named, at every rate and seed. Finished runs are kept and not made again.
#   bench/async_methods.sh MUSTER OUT "SEEDS" "RATES" METHOD ...     e.g. build/release/bin/muster runs/am "1 2" "0.1 0.35 0.7 1.4" naive buffer
#   bench/async_methods.sh MUSTER OUT table                          the table of what is there (bench/async_methods_table.py)
# More options for every run stand in EXTRA ("--run.steps 4000").
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
muster=$(realpath "$1") out=$2 seeds=$3
if [ "$seeds" = table ]; then exec python3 "$here/async_methods_table.py" "$out"; fi
rates=$4
shift 4
mkdir -p "$out"
read -ra extra <<<"${EXTRA:-}"
for seed in $seeds; do
  for method in "$@"; do
    for rate in $rates; do
      run=$out/$method/rate-$rate/seed-$seed
      [ -e "$run/summary.json" ] && continue
      rm -rf "$run"
      mkdir -p "$(dirname "$run")"
      echo "$method, outer learning rate $rate, seed $seed"
      "$muster" simulate "$here/../configs/async/$method.toml" --async.learning_rate "$rate" --run.seed "$seed" \
        --run.threads 1 "${extra[@]}" --run.out "$run" --json >/dev/null 2>"$out/errors" || { tail -3 "$out/errors" >&2; exit 1; }
    done
  done
done
python3 "$here/async_methods_table.py" "$out"
