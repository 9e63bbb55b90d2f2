#!/bin/sh
# Iterations to accuracy of Local SGD on w8a over workers, period, batch and delay, beside reference values.
#   bench/convex_table.sh MUSTER W8A FOLDER [NICE-BETWEEN]
# Resumable: a part whose study.json lies in FOLDER is not run again. About 10 minutes on one core.
# NICE-BETWEEN: a command run before each part, e.g. one that waits until the machine is free.
set -eu
muster=$1 data=$2 folder=$3 between=${4:-true}
mkdir -p "$folder"
part() {
  name=$1
  shift
  if [ ! -e "$folder/$name/study.json" ]; then
    $between
    echo "running $name" >&2
    "$muster" study convex --data "$data" --target 5e-3,1e-3 --out "$folder/$name" "$@" > "$folder/$name.txt"
  fi
}
for workers in 1 2 4 8 16 32; do
  part "b16_k$workers" --batch 16 --workers "$workers" --period 1,2,4,8,16,64
done
for workers in 1 2 8 32; do
  part "b4_k$workers" --batch 4 --workers "$workers" --period 1,2,4,8,16,64
done
for batch in 16 4; do
  for delay in 0 4 16; do
    part "b${batch}_delay$delay" --batch "$batch" --workers 8 --period 4 --delay "$delay"
    part "b${batch}_staggered$delay" --batch "$batch" --workers 8 --period 4 --delay "$delay" --staggered
  done
done
python3 "$(dirname "$0")/convex_table.py" "$folder"
