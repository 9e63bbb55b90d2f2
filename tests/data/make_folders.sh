#!/usr/bin/env bash
# tests/data/make_folders.sh MUSTER OUT: makes the small run folders of this directory with a given program. They stay as
# the program of their time wrote them: tests/end_to_end/test_old_folders.cpp continues them with today's.
set -euo pipefail
muster=${1:?usage: make_folders.sh MUSTER OUT}
out=${2:?usage: make_folders.sh MUSTER OUT}
mkdir -p "$out"
small=(--task.name clusters --clusters.dimension 6 --clusters.per_class 64 --task.classes 4 --task.model mlp
       --task.hidden 8 --task.batch 8 --run.threads 1 --evaluation.every 20)

# A training that was killed after its checkpoint at step 40 of 60.
train() {
  local name=$1
  shift
  "$muster" train "${small[@]}" --checkpoint.every 20 --run.steps 60 --run.out "$out/$name" "$@" >/dev/null 2>&1
  (cd "$out/$name" && rm -rf checkpoints/step-00000060 model.safetensors summary.json events.out.* &&
    sed -i '/"step":\(4[1-9]\|5[0-9]\|60\),/d' metrics.jsonl)
}

train adaptive_int8 --run.workers 3 --schedule.rule adaptive --schedule.base_period 3 --comm.codec int8 --comm.bucket 64
train qsr_adamw_delayed --run.workers 2 --schedule.rule qsr --inner.optimizer adamw --learning_rate.peak 0.01 \
  --outer.optimizer nesterov --comm.overlap delayed --comm.fragments 2
train groups_slowmo --run.workers 4 --schedule.rule constant --comm.group_size 2 --comm.inner_period 2 \
  --outer.optimizer slowmo
"$muster" train "${small[@]}" --checkpoint.every 20 --run.workers 2 --run.steps 60 --run.out "$out/finished" >/dev/null 2>&1
rm -f "$out"/finished/events.out.*

# An asynchronous server that was killed with two snapshots and their journals, and a record of all its events.
port=7391
"$muster" serve "${small[@]}" --run.workers 2 --run.steps 1200 --async.local_steps 5 --serve.snapshot_every 20 \
  --serve.address 127.0.0.1:$port --run.out "$out/served" >/dev/null 2>&1 &
server=$!
sleep 2
"$muster" work 127.0.0.1:$port >/dev/null 2>&1 &
worker=$!
sleep 3
pkill -9 -P $server || true
kill -9 $server $worker || true
wait || true
"$muster" simulate "${small[@]}" --run.workers 2 --run.steps 200 --async.local_steps 5 \
  --async.seconds_per_step 1,2.5 --async.record "$out/events.record" --run.out "$out/simulated" >/dev/null 2>&1
rm -f "$out"/simulated/report.html
