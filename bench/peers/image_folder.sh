#!/usr/bin/env bash
# Images per second out of a folder of JPEGs (random resized crop to 224, flip, normalise), two threads of ours
# beside two worker processes of a DataLoader over Pillow, in turn; needs python3-torch and python3-pil.
#   bench/peers/image_folder.sh [BENCH] [PAIRS] [FOLDER]
# BENCH is build/release/bin/bench_image_folder (configure with -DMUSTER_BENCH=ON). Without FOLDER, 400 images of
# 500 x 375 are drawn first.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bench=${1:-$here/../../build/release/bin/bench_image_folder} pairs=${2:-5} folder=${3:-}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
if [ -z "$folder" ]; then
  folder=$out/photos
  /usr/bin/python3 "$here/image_folder.py" --make "$folder" 400
fi
for pair in $(seq "$pairs"); do
  echo "$("$bench" "$folder" 2 5) $(/usr/bin/python3 "$here/image_folder.py" "$folder" 2 2)"
done | tee "$out/pairs" | awk '{printf "muster %.0f, Pillow and DataLoader %.0f images/s: %.2f\n", $1, $2, $1 / $2}'
awk '{print $1 / $2}' "$out/pairs" | sort -n |
  awk '{r[NR] = $1} END {printf "ratio: median %.2f, range %.2f to %.2f\n", r[int((NR + 1) / 2)], r[1], r[NR]}'
