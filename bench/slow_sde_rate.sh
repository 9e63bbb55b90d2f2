#!/usr/bin/env bash
# The hyperbola of `muster study slow-sde` beside the same loop in numpy (bench/peers/hyperbola.py): the seconds of
# both simulations, one core each, in turns, and their ratio.
#   bench/slow_sde_rate.sh [MUSTER] [PERIOD]
# PYTHON: one with numpy (default: /usr/bin/python3). CORE: the core to run on (default: 0).
set -euo pipefail
here=$(dirname "$0")
muster=${1:-$here/../build/release/bin/muster}
period=${2:-10}
python=${PYTHON:-/usr/bin/python3}
export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
problem=(--replicas 256 --steps 30000 --workers 8 --period "$period")
for turn in 1 2 3 4 5; do
  peer=$(taskset -c "${CORE:-0}" "$python" "$here/peers/hyperbola.py" "${problem[@]}")
  ours=$(taskset -c "${CORE:-0}" "$muster" study slow-sde --problem hyperbola "${problem[@]}" --threads 1 --json)
  "$python" - "$turn" "$peer" "$ours" <<'PY'
import json, sys
turn, peer, ours = sys.argv[1], sys.argv[2].split(), json.loads(sys.argv[3])
slow, fast = float(peer[5]), ours["seconds"]
print(f"{turn}: numpy D {peer[1]} ± {peer[3]} in {slow:.3f} s; "
      f"muster D {ours['simulated']:.6f} ± {ours['standard_error']:.6f} in {fast:.4f} s; ratio {slow / fast:.1f}")
PY
done
