#!/usr/bin/env python3
"""A run owes its result, whatever befalls one of its processes.

An elastic run of three ranks, in which rank 0, 1 or 2 is
  stopped   stopped for good (SIGSTOP) at a random moment
  killed    killed (SIGKILL) at a random moment; the launcher starts it again
  woken     stopped at a random moment and woken at another one, perhaps after the end
  late      stopped at a random moment and woken after the others have ended
  full      its files on a file system of 300 KiB or less (rank: which one writes first)
and after which must hold: the result lies whole in the folder and the exit code is 0, or the exit code is not 0 and
the last line names what is missing; never 0 without a result; the run ends in time; the steps of metrics.jsonl rise;
who wakes after the end changes no byte of the folder.

  bench/lost_result.py build/release/bin/muster OUT --moments 30 --jobs 2

keeps every case in OUT/cases.jsonl (begun again it goes on) and prints a table. `full` needs root, to mount a tmpfs.
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

FAULTS = ["stopped", "killed", "woken", "late", "full"]
DEADLINE, GRACE, MARGIN = 1.0, 1.0, 10.0
STEPS, PERIOD = 3000, 3


def training(out, steps=STEPS):
    return ["train", "--task.name", "clusters", "--task.model", "mlp", "--task.hidden", "8", "--task.samples", "256",
            "--task.test_samples", "64", "--task.batch", "4", "--run.steps", str(steps), "--rule", "constant",
            "--base_period", str(PERIOD), "--learning_rate.peak", "0.01", "--evaluation.every", "600",
            "--checkpoint.every", "300", "--run.threads", "1", "--run.out", out]


def engines(out):
    """The training processes of the run in this folder, by rank."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
            with open(f"/proc/{pid}/environ", "rb") as file:
                environment = dict(entry.split(b"=", 1) for entry in file.read().split(b"\0") if b"=" in entry)
        except (OSError, ValueError):
            continue
        if words[0].endswith(b"muster-engine") and out.encode() in words and b"RANK" in environment:
            found[int(environment[b"RANK"])] = int(pid)
    return found


def send(pid, sign):
    try:
        os.kill(pid, sign)
        return True
    except ProcessLookupError:
        return False


def bytes_of(folder):
    """A digest of all names and contents."""
    digest = hashlib.sha256()
    for path, folders, names in sorted(os.walk(folder)):
        folders.sort()
        for name in sorted(names):
            digest.update(os.path.relpath(os.path.join(path, name), folder).encode() + b"\0")
            with open(os.path.join(path, name), "rb") as file:
                digest.update(hashlib.sha256(file.read()).digest())
        digest.update(b"\1".join(folder.encode() for folder in folders))
    return digest.hexdigest()


def metrics_problem(folder):
    """What is wrong with metrics.jsonl; gaps must be named in the summary."""
    with open(f"{folder}/metrics.jsonl") as file:
        rounds = [line for line in map(json.loads, file) if not line.get("evaluation")]
    steps = [line["step"] for line in rounds]
    if any(b <= a for a, b in zip(steps, steps[1:])):
        return "steps do not rise"
    if not steps or steps[-1] != STEPS:
        return f"metrics end at step {steps[-1] if steps else 0}"
    numbers = [0] + [line["round"] for line in rounds]
    jumps = sum(1 for a, b in zip(numbers, numbers[1:]) if b != a + 1)
    with open(f"{folder}/summary.json") as file:
        named = json.load(file).get("metrics_gaps", [])
    if jumps != len(named):
        return f"{jumps} gaps, {len(named)} named"
    return ""


def result_problem(folder):
    """Why the folder holds no whole result; empty where it does."""
    for name in ["summary.json", "model.safetensors", "metrics.jsonl"]:
        if not os.path.exists(f"{folder}/{name}"):
            return f"no {name}"
    with open(f"{folder}/summary.json") as file:
        summary = json.load(file)
    if summary["steps"] != STEPS:
        return "the summary is of another run"
    with open(f"{folder}/model.safetensors", "rb") as file:
        content = file.read()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8:8 + length])
    ends = [value["data_offsets"][1] for name, value in header.items() if name != "__metadata__"]
    if len(content) != 8 + length + max(ends):
        return "the model is cut off"
    return metrics_problem(folder)


def is_zombie(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def wait_for_ranks(out, run, count=3, seconds=30):
    until = time.monotonic() + seconds
    while time.monotonic() < until and run.poll() is None:
        found = engines(out)
        if len(found) >= count:
            return found
        time.sleep(0.01)
    return engines(out)


def lines_of(path):
    try:
        with open(path, "rb") as file:
            return file.read().count(b"\n")
    except OSError:
        return 0


def wait_for_moment(out, run, moment):
    """Until the run has come so far: below 0.1 in its start, then by its rounds; above 1 in its last moments."""
    if moment < 0.1:
        time.sleep(moment * 8)
        return
    wanted = min(1.0, moment) * STEPS / PERIOD
    until = time.monotonic() + 60
    while run.poll() is None and time.monotonic() < until and lines_of(f"{out}/metrics.jsonl") < wanted:
        time.sleep(0.002)
    if moment > 1:
        time.sleep((moment - 1) * 0.5)


class Case:
    def __init__(self, program, fault, rank, seed):
        self.program, self.fault, self.rank, self.seed = program, fault, rank, seed
        self.random = random.Random(f"{fault} {rank} {seed}")
        self.problems = []

    def launch(self, out):
        command = [self.program, "launch", "-n", "3", "--min-workers", "1", "--restarts", "2", "--deadline",
                   str(DEADLINE), "--grace", str(GRACE), "--", *training(out)]
        log = open(f"{self.folder}/log", "wb")
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log, stdin=subprocess.DEVNULL)

    def run(self):
        self.folder = tempfile.mkdtemp(prefix="muster-lost-")
        began = time.monotonic()
        out = f"{self.folder}/run"
        try:
            getattr(self, self.fault)(out)
        except Exception as problem:  # a case that cannot be judged is a failed one
            self.problems.append(f"{type(problem).__name__}: {problem}")
        finally:
            for pid in engines(out).values():
                send(pid, signal.SIGKILL)
        log = self.log()
        result = {"fault": self.fault, "rank": self.rank, "seed": self.seed, "problems": self.problems,
                  "seconds": round(time.monotonic() - began, 2), "code": getattr(self, "code", None),
                  "moment": getattr(self, "moment", None), "said": log[-1] if log else ""}
        if self.problems:
            result["log"] = log[-40:]
            result["folder"] = self.folder
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
        return result

    def log(self):
        try:
            with open(f"{self.folder}/log", errors="replace") as file:
                return [line for line in file.read().splitlines() if line.strip()]
        except OSError:
            return []

    def judge(self, run, out, since, seconds):
        """Waits for the end, `seconds` at most since that time."""
        try:
            self.code = run.wait(timeout=max(0.1, since + seconds - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.problems.append(f"has not ended within {seconds:.0f} s")
            run.send_signal(signal.SIGKILL)
            run.wait()
            self.code = None
            return
        if self.code == 0 and os.path.exists(f"{out}/summary.json"):
            after = time.time() - os.path.getmtime(f"{out}/summary.json")
            if after > DEADLINE + GRACE + MARGIN:
                self.problems.append(f"has ended {after:.0f} s after its result")
        problem = result_problem(out) if os.path.isdir(out) else "no folder"
        if self.code == 0 and problem:
            self.problems.append(f"exit code 0, but {problem}")
        last = (self.log() or [""])[-1]
        if self.code != 0 and not any(word in last for word in ["missing", "anew", "could not be written"]):
            self.problems.append(f"exit code {self.code}, and the last line does not say what is missing: {last}")

    def victim(self, out, run):
        ranks = wait_for_ranks(out, run)
        self.moment = round(self.random.uniform(0, 1.2), 3)
        wait_for_moment(out, run, self.moment)
        return engines(out).get(self.rank) or ranks.get(self.rank)

    def allowed(self):
        # Whole runs take up to 15 s on a busy machine; what counts is the time after the last survivor is done.
        return 40 + DEADLINE + GRACE + MARGIN

    def stopped(self, out):
        run = self.launch(out)
        pid = self.victim(out, run)
        if pid:
            send(pid, signal.SIGSTOP)
        self.judge(run, out, time.monotonic(), self.allowed())

    def killed(self, out):
        run = self.launch(out)
        pid = self.victim(out, run)
        if pid:
            send(pid, signal.SIGKILL)
        self.judge(run, out, time.monotonic(), self.allowed())

    def woken(self, out):
        run = self.launch(out)
        pid = self.victim(out, run)
        stopped_at = time.monotonic()
        if pid and send(pid, signal.SIGSTOP):
            time.sleep(self.random.uniform(0, 3))
            send(pid, signal.SIGCONT)
        self.judge(run, out, stopped_at, self.allowed())

    def late(self, out):
        """The others end; the launcher, which kills the sleeper two seconds later, is held up meanwhile."""
        run = self.launch(out)
        pid = self.victim(out, run)
        stopped = pid and send(pid, signal.SIGSTOP)
        until = time.monotonic() + self.allowed()
        while stopped and time.monotonic() < until and run.poll() is None:
            if all(other == pid or is_zombie(other) for other in engines(out).values()) and os.path.isdir(out):
                send(run.pid, signal.SIGSTOP)
                before = bytes_of(out)
                send(pid, signal.SIGCONT)
                time.sleep(0.5)
                if bytes_of(out) != before:
                    self.problems.append("who woke after the end changed the folder")
                send(run.pid, signal.SIGCONT)
                break
            time.sleep(0.02)
        self.judge(run, out, time.monotonic(), self.allowed())

    def full(self, out):
        size = self.random.choice([40, 100, 200, 300])
        os.mkdir(out)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}k", "none", out], check=True)
        try:
            run = self.launch(out)
            ranks = wait_for_ranks(out, run)
            self.moment = size
            filler = self.random.uniform(0, 1.1)
            wait_for_moment(out, run, filler)
            try:
                with open(f"{out}/filler", "wb") as file:
                    for _ in range(size):
                        file.write(b"x" * 1024)
                        file.flush()
            except OSError:
                pass
            if self.rank in ranks and self.random.random() < 0.5:
                send(ranks[self.rank], signal.SIGKILL)
            self.judge(run, out, time.monotonic(), self.allowed())
        finally:
            subprocess.run(["umount", "-l", out], check=False)


def table(results):
    print(f"\n{'fault':8} {'rank':>4} {'cases':>6} {'exit 0':>7} {'other':>6} {'failed':>7} {'median s':>9} {'longest':>8}")
    for fault in FAULTS:
        for rank in range(3):
            some = [one for one in results if one["fault"] == fault and one["rank"] == rank]
            if not some:
                continue
            seconds = sorted(one["seconds"] for one in some)
            well = sum(one["code"] == 0 for one in some)
            bad = sum(bool(one["problems"]) for one in some)
            print(f"{fault:8} {rank:4} {len(some):6} {well:7} {len(some) - well:6} {bad:7} "
                  f"{seconds[len(seconds) // 2]:9.1f} {seconds[-1]:8.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("out")
    parser.add_argument("--moments", type=int, default=30, help="random moments of each rank and fault")
    parser.add_argument("--faults", nargs="+", default=FAULTS, choices=FAULTS)
    parser.add_argument("--ranks", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--jobs", type=int, default=1)
    asked = parser.parse_args()
    os.makedirs(asked.out, exist_ok=True)
    kept = f"{asked.out}/cases.jsonl"
    results = []
    if os.path.exists(kept):
        with open(kept) as file:
            results = [json.loads(line) for line in file]
    done = {(one["fault"], one["rank"], one["seed"]) for one in results}
    cases = [Case(os.path.abspath(asked.program), fault, rank, seed) for seed in range(asked.moments)
             for fault in asked.faults for rank in asked.ranks if (fault, rank, seed) not in done]
    with concurrent.futures.ThreadPoolExecutor(asked.jobs) as pool, open(kept, "a") as file:
        for result in pool.map(Case.run, cases):
            results.append(result)
            file.write(json.dumps(result) + "\n")
            file.flush()
            word = "; ".join(result["problems"]) or "holds"
            print(f"{result['fault']:8} rank {result['rank']} moment {result['moment']} (seed {result['seed']}): "
                  f"exit {result['code']}, {result['seconds']} s: {word}", flush=True)
    table(results)
    return any(one["problems"] for one in results)


if __name__ == "__main__":
    sys.exit(main())
