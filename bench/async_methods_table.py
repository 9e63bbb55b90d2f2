"""Means over the seeds of the runs that async_methods.sh has made, a line for each method and rate; the rate with the
lowest held-out loss of each method is marked.   async_methods_table.py OUT"""
import json
import pathlib
import statistics
import sys

runs = {}
for path in sorted(pathlib.Path(sys.argv[1]).glob("*/rate-*/seed-*/summary.json")):
    method, rate = path.parts[-4], float(path.parts[-3][5:])
    runs.setdefault((method, rate), []).append(json.loads(path.read_text()))


def mean(values):
    values = [value for value in values if value is not None]
    if not values:
        return float("nan")
    return statistics.mean(values)


def spread(values):
    values = [value for value in values if value is not None]
    return statistics.stdev(values) if len(values) > 1 else 0.0


def at_time(run, seconds):
    seen = [point["train_loss"] for point in run["evaluations"] if point["virtual_seconds"] <= seconds]
    return seen[-1] if seen else None


rows = {key: (mean(r["final_train_loss"] for r in group), spread(r["final_train_loss"] for r in group),
              mean(r["final_test_loss"] for r in group), spread(r["final_test_loss"] for r in group), group)
        for key, group in runs.items()}
best = {}
for (method, rate), row in rows.items():
    if method not in best or row[2] < rows[method, best[method]][2]:
        best[method] = rate
print("| method | outer learning rate | training loss | held-out loss | training loss at 1000 s | virtual time | versions | staleness | seeds |")
print("|---|---|---|---|---|---|---|---|---|")
for (method, rate), (train, train_spread, test, test_spread, group) in sorted(rows.items(), key=lambda item: item[0]):
    mark = "**" if best[method] == rate else ""
    first = group[0]
    print(f"| {method} | {mark}{rate:g}{mark} | {train:.4f} ± {train_spread:.4f} | {mark}{test:.4f}{mark} ± {test_spread:.4f} "
          f"| {mean(at_time(r, 1000) for r in group):.4f} | {first['virtual_seconds']:.0f} s | {first['versions']} "
          f"| {first['staleness_mean']:.2f}, {first['staleness_max']} | {len(group)} |")
