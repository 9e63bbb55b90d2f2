#!/usr/bin/env bash
# The same training twice, from the same weights with the same data: a LibTorch loop with muster::LocalUpdates
# (examples/thread_ranks.cpp) and PyTorch with PeriodicModelAverager. Prints the largest difference between the two
# losses of any rank in any step, and fails where it is above 1e-4.
#   bench/peers/own_loop.sh [EXAMPLE]        (build/release/bin/example_thread_ranks; needs python3-torch)
# RANKS, PERIOD and STEPS (2, 4, 100) may be set in the environment.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
example=${1:-$here/../../build/release/bin/example_thread_ranks}
ranks=${RANKS:-2} period=${PERIOD:-4} steps=${STEPS:-100}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$example" "$ranks" "$period" "$steps" "$work/start.safetensors" >"$work/ours"
/usr/bin/python3 "$here/own_loop_peer.py" "$work/start.safetensors" "$period" >"$work/theirs"
paste -d ' ' "$work/ours" "$work/theirs" | awk -v ranks="$ranks" -v period="$period" -v steps="$steps" '
  $2 != $8 || $4 != $10 || NF != 12 { print "line " NR " does not match: " $0; bad = 1; exit }
  { difference = $6 - $12; if (difference < 0) difference = -difference; if (difference > largest) largest = difference
    if (NR <= ranks) first += $6 / ranks; last[NR % ranks] = $6 }
  END {
    if (bad || NR != ranks * steps) { print "lines: " NR " of " ranks * steps; exit 1 }
    for (rank in last) end += last[rank] / ranks
    printf "%d ranks, period %d, %d steps: loss %.4f to %.4f, largest difference %.2e\n", ranks, period, steps, first, end, largest
    exit !(largest <= 1e-4)
  }'
