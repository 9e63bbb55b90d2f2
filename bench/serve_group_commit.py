#!/usr/bin/env python3
"""Contributions that a server acknowledges per second while its disk is slow, of one build of muster or of two in turn.

Each time a server is started with fsync and fdatasync stretched by a preloaded library, workers push the same vector
as fast as they are answered (bench_serve_load), and beats and statuses are timed meanwhile.

  bench/serve_group_commit.py build/release/bin [--before OTHER/bin] [--repeats 3] [--workers 8] [--milliseconds 50]

The folder holds muster, muster-engine, bench_serve_load and slow_disk.so; of OTHER only the programs are used. Prints
a line for each time, and the medians.
"""
import argparse
import json
import os
import signal
import socket
import statistics
import subprocess
import tempfile


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def configuration(options, folder, port):
    hidden = (options.kilobytes * 1000 // 4 - 10) // 43  # 32 inputs, 10 classes
    return (f"--task.name clusters --task.samples 2048 --task.test_samples 512 --task.hidden {hidden} "
            "--clusters.dimension 32 --inner.optimizer sgd --learning_rate.peak 0.0001 --task.batch 1 "
            "--async.local_steps 1 --run.steps 100000000 --evaluation.every 0 "
            f"--run.workers {options.workers} --serve.start_with {options.workers} --serve.lease 600 "
            f"--run.out {folder}/run --serve.address 127.0.0.1:{port}").split() + options.keys.split()


def wait_for(log, text, server):
    while True:
        with open(log) as file:
            if text in file.read():
                return
        if server.poll() is not None:
            raise SystemExit(f"the server ended with code {server.returncode}; see {log}")
        try:
            server.wait(0.1)
        except subprocess.TimeoutExpired:
            pass


def one(options, binaries):
    with tempfile.TemporaryDirectory(prefix="serve-group-commit-", dir=options.disk) as folder:
        port, log = free_port(), f"{folder}/log"
        slow = {"LD_PRELOAD": f"{options.binaries}/slow_disk.so", "SLOW_DISK_MILLISECONDS": str(options.milliseconds)}
        with open(log, "w") as out:
            server = subprocess.Popen([f"{binaries}/muster", "serve", *configuration(options, folder, port)],
                                      stdout=out, stderr=out, env={**os.environ, **slow})
        try:
            wait_for(log, "serving at", server)
            told = subprocess.run([f"{options.binaries}/bench_serve_load", f"127.0.0.1:{port}", str(options.workers),
                                   str(options.seconds)], capture_output=True, text=True, check=True)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait()
        return json.loads(told.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binaries")
    parser.add_argument("--before")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--milliseconds", type=int, default=50, help="that a flush takes longer")
    parser.add_argument("--kilobytes", type=int, default=100, help="of a contribution")
    parser.add_argument("--keys", default="", help="more keys of muster serve")
    parser.add_argument("--disk", help="folder to work in")
    options = parser.parse_args()
    options.binaries = os.path.abspath(options.binaries)
    builds = {"now": options.binaries}
    if options.before:
        builds = {"before": os.path.abspath(options.before), **builds}
    rates = {name: [] for name in builds}
    for _ in range(options.repeats):
        for name, binaries in builds.items():
            told = one(options, binaries)
            rates[name].append(told["per_second"])
            print(f"{name:7} {told['per_second']:7.1f} acknowledged/s of {told['bytes']} bytes   "
                  f"beat {told['beat_ms']['median']:6.2f} ms, p99 {told['beat_ms']['p99']:6.2f}, most {told['beat_ms']['most']:6.2f}   "
                  f"status {told['status_ms']['median']:6.2f} ms, p99 {told['status_ms']['p99']:6.2f}, most {told['status_ms']['most']:6.2f}",
                  flush=True)
    medians = {name: statistics.median(all) for name, all in rates.items()}
    print("medians:", ", ".join(f"{name} {rate:.1f}/s" for name, rate in medians.items()))
    if options.before:
        print(f"{medians['now'] / medians['before']:.2f} times")


if __name__ == "__main__":
    main()
