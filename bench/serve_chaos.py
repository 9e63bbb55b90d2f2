#!/usr/bin/env python3
"""An asynchronous run on a real network, disturbed: four worker processes slowed down to the published ratio
(0.58, 0.75, 1.51, 3.33 seconds a step), the server killed (kill -9) twice and workers six times at random moments;
each comes back. Checks that every contribution that a worker saw acknowledged is in the server's events exactly
once, that the run ends, that its events lead to the bits that the server ended with, and that its loss lies within
5 % of an undisturbed run's.

  bench/serve_chaos.py build/release/bin/muster [--seed 1] [--steps 12000] [--out DIR]
"""
import argparse, json, os, random, shutil, signal, socket, subprocess, sys, tempfile, time

RATIO = (0.58, 0.75, 1.51, 3.33)
TASK = ("--task.name clusters --task.samples 40000 --task.test_samples 4096 --task.hidden 64 --task.batch 32 "
        "--inner.optimizer adamw --inner.weight_decay 0.001 --learning_rate.peak 0.0002 --async.local_steps 20 "
        "--evaluation.every 0").split()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Run:
    def __init__(self, options, folder, kills):
        self.options, self.folder, self.kills = options, folder, kills
        self.port = free_port()
        self.keys = TASK + ["--run.steps", str(options.steps), "--serve.beat", "0.5", "--serve.lease", "4",
                            "--serve.keep_events", "--serve.snapshot_every", "50", "--run.workers", "4"]
        self.log = open(folder + ".log", "w")

    def start(self, *words):
        return subprocess.Popen([self.options.muster, *words, *self.keys], stderr=self.log, stdout=self.log)

    def serve(self):
        return self.start("serve", "--run.out", self.folder, "--run.resume", "--serve.start_with", "4",
                          "--serve.address", f"127.0.0.1:{self.port}")

    def work(self, place):
        return self.start("work", f"127.0.0.1:{self.port}", "--least-step-seconds",
                          str(RATIO[place] * self.options.scale), "--record", f"{self.folder}.record{place}")

    def run(self):
        server, workers = self.serve(), [self.work(place) for place in range(4)]
        while not all(os.path.exists(f"{self.folder}.record{place}") and
                      os.path.getsize(f"{self.folder}.record{place}") for place in range(4)):
            time.sleep(0.05)
        began = time.monotonic()
        plan = sorted((random.uniform(0, 0.8 * self.options.seconds), what) for what in self.kills)
        for when, what in plan:
            while time.monotonic() - began < when and server.poll() is None:
                time.sleep(0.02)
            victim = server if what == "server" else workers[what]
            if server.poll() is not None:
                raise SystemExit("the run ended before all kills: give more --steps")
            victim.send_signal(signal.SIGKILL)
            victim.wait()
            print(f"  {time.monotonic() - began:5.1f} s  killed {'the server' if what == 'server' else f'worker {what}'}")
            time.sleep(0.3)
            if what == "server":
                server = self.serve()
            else:
                workers[what] = self.work(what)
        if server.wait(timeout=600) != 0:
            raise SystemExit(f"the server ended with code {server.returncode}; see {self.folder}.log")
        codes = [worker.wait(timeout=60) for worker in workers]
        if any(codes):
            raise SystemExit(f"workers ended with codes {codes}; see {self.folder}.log")
        with open(self.folder + "/summary.json") as file:
            return json.load(file), time.monotonic() - began

    def replayed(self):
        told = subprocess.run([self.options.muster, "serve", *self.keys, "--run.out", self.folder, "--replay", "--json"],
                              capture_output=True, text=True)
        return json.loads(told.stdout)

    def acknowledged(self):
        lines = []
        for place in range(4):
            with open(f"{self.folder}.record{place}") as file:
                lines += [tuple(map(int, line.split())) for line in file]
        return lines


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("muster")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=12000)
    parser.add_argument("--scale", type=float, default=0.01, help="of the published seconds per step")
    parser.add_argument("--out")
    options = parser.parse_args()
    options.seconds = options.steps * options.scale / sum(1 / ratio for ratio in RATIO)
    random.seed(options.seed)
    out = options.out or tempfile.mkdtemp(prefix="muster-serve-chaos-")
    os.makedirs(out, exist_ok=True)
    results = {}
    for name, kills in (("undisturbed", []), ("disturbed", ["server"] * 2 + [random.randrange(4) for _ in range(6)])):
        print(f"{name}:")
        run = Run(options, f"{out}/{name}", kills)
        summary, seconds = run.run()
        replay, acknowledged = run.replayed(), run.acknowledged()
        counted = [tuple(one) for one in replay["contributions"]]
        results[name] = summary["final_test_loss"]
        told = summary["async"]
        print(f"  {seconds:5.1f} s  {told['local_steps']} local steps, {told['versions']} versions, staleness "
              f"{told['staleness_mean']:.2f} at most {told['staleness_max']}, test loss {summary['final_test_loss']:.4f}, "
              f"counts { {what: n for what, n in told['counts'].items() if n} }")
        once = len(set(counted)) == len(counted) and set(acknowledged) <= set(counted) and \
            len(set(acknowledged)) == len(acknowledged)
        print(f"  {len(acknowledged)} acknowledgements, {len(counted)} contributions counted: each once: {once}; "
              f"replay gives the same bits: {replay['same']}")
        if not once or not replay["same"] or told["versions"] != len(counted):
            raise SystemExit(1)
    off = results["disturbed"] / results["undisturbed"] - 1
    print(f"loss off by {100 * off:+.2f} %")
    if not options.out:
        shutil.rmtree(out)
    sys.exit(0 if abs(off) < 0.05 else 1)


if __name__ == "__main__":
    main()
