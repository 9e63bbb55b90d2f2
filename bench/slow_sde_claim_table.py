#!/usr/bin/env python3
"""The tables of bench/slow_sde_claim.sh as Markdown: accuracy and sharpness over steps, mean over seeds, and Local SGD
less SGD with the standard error of the paired difference. One argument: the folder OUT; a second names a JSON file."""
import glob
import json
import math
import os
import statistics
import sys

STEPS = (400, 800, 1200, 1600)
RATES = {"small_rate": "0.02", "large_rate": "0.2"}


def looks(folder):
    """step -> accuracy in percent, trace, largest eigenvalue."""
    found = {}
    for line in open(os.path.join(folder, "metrics.jsonl")):
        told = json.loads(line)
        here = found.setdefault(told["step"], {})
        if told.get("test_accuracy") is not None:
            here["accuracy"] = 100 * told["test_accuracy"]
        if "hessian_trace" in told.get("probe", {}):
            here["trace"] = told["probe"]["hessian_trace"]
            here["eigenvalue"] = told["probe"]["largest_eigenvalue"]
    return found


def of_arm(folder):
    runs = [os.path.dirname(p) for p in sorted(glob.glob(os.path.join(folder, "seed-*", "summary.json")))]
    return [looks(run) for run in runs]


def series(runs, step, what):
    return [run[step][what] for run in runs if what in run.get(step, {})]


def mean(values):
    return statistics.mean(values) if values else math.nan


def error(values):
    return statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else math.nan


result = {}
for labels in ("plain", "label_noise"):
    print(f"\n{labels.replace('_', ' ')}\n")
    print("| learning rate | step | accuracy, %: SGD | Local SGD | difference | trace of the Hessian: SGD | Local SGD | "
          "difference | largest eigenvalue: SGD | Local SGD |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for rate, number in RATES.items():
        sgd, local = (of_arm(os.path.join(sys.argv[1], labels, f"{kind}_{rate}")) for kind in ("sgd", "local"))
        for step in STEPS:
            row, cells = {}, [number, f"{step:,}"]
            for what, form in (("accuracy", "{:.2f}"), ("trace", "{:.0f}"), ("eigenvalue", "{:.1f}")):
                a, b = series(sgd, step, what), series(local, step, what)
                apart = [y - x for x, y in zip(a, b)]
                row[what] = {"sgd": a, "local": b, "difference": mean(apart), "standard_error": error(apart)}
                cells += [form.format(mean(a)), form.format(mean(b))]
                if what != "eigenvalue":
                    cells.append(f"{form.format(mean(apart))} ± {form.format(error(apart))}")
            result[f"{labels}/{rate}/{step}"] = row
            print("| " + " | ".join(cells) + " |")
if len(sys.argv) > 2:
    with open(sys.argv[2], "w") as file:
        json.dump(result, file, indent=1)
