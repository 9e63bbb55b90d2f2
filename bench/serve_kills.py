#!/usr/bin/env python3
"""A server on a slow disk, killed (kill -9) at random moments while workers push as fast as they are answered.

Whatever it acknowledged must be in its events exactly once, and whatever else it told must still hold when it is back:
a round that it gave out is known (bench_serve_load counts those that are not as broken).

  bench/serve_kills.py build/release/bin [--kills 20] [--seed 1] [--milliseconds 50] [--snapshot-every 20]
"""
import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

from serve_group_commit import configuration, free_port, wait_for


def start(options, folder, port, log):
    slow = {"LD_PRELOAD": f"{options.binaries}/slow_disk.so", "SLOW_DISK_MILLISECONDS": str(options.milliseconds)}
    with open(log, "w") as out:
        server = subprocess.Popen([f"{options.binaries}/muster", "serve", *configuration(options, folder, port),
                                   "--run.resume"], stdout=out, stderr=out, env={**os.environ, **slow})
    wait_for(log, "serving at", server)
    return server


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binaries")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--milliseconds", type=int, default=50, help="that a flush takes longer")
    parser.add_argument("--kilobytes", type=int, default=100, help="of a contribution")
    parser.add_argument("--snapshot-every", type=int, default=20)
    options = parser.parse_args()
    options.binaries = os.path.abspath(options.binaries)
    options.keys = f"--serve.keep_events --serve.snapshot_every {options.snapshot_every}"
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="serve-kills-") as folder:
        port, log, record = free_port(), f"{folder}/log", f"{folder}/record"
        server = start(options, folder, port, log)
        load = subprocess.Popen([f"{options.binaries}/bench_serve_load", f"127.0.0.1:{port}", str(options.workers),
                                 "100000", record], stdout=subprocess.PIPE, text=True)
        for kill in range(options.kills):
            already = os.path.getsize(record) if os.path.exists(record) else 0
            while not os.path.exists(record) or os.path.getsize(record) == already:
                time.sleep(0.01)  # it acknowledges again
            time.sleep(chance.uniform(0, 3))
            server.send_signal(signal.SIGKILL)
            server.wait()
            print(f"kill {kill + 1}", flush=True)
            server = start(options, folder, port, log)
        time.sleep(3)
        load.send_signal(signal.SIGTERM)  # it says how it went
        told = json.loads(load.communicate()[0])
        server.send_signal(signal.SIGTERM)
        server.wait()
        replay = json.loads(subprocess.run([f"{options.binaries}/muster", "serve", *configuration(options, folder, port),
                                            "--replay", "--json"], capture_output=True, text=True).stdout)
        counted = [tuple(one) for one in replay["contributions"]]
        with open(record) as file:
            acknowledged = {tuple(map(int, line.split())) for line in file}
        lost = acknowledged - set(counted)
        print(f"{options.kills} kills, {len(acknowledged)} contributions acknowledged, {len(counted)} counted, {len(lost)} of "
              f"those acknowledged lost, each counted once: {len(set(counted)) == len(counted)}, rounds given out and "
              f"forgotten: {told['broken']}")
        sys.exit(1 if lost or told["broken"] or len(set(counted)) != len(counted) else 0)


if __name__ == "__main__":
    main()
