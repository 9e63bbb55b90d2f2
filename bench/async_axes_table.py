"""The tables of async_axes.sh: means over the seeds.   async_axes_table.py OUT"""
import json
import pathlib
import statistics
import sys

runs = {}
for path in sorted(pathlib.Path(sys.argv[1]).glob("**/summary.json")):
    runs.setdefault(path.relative_to(sys.argv[1]).parts[:-2], []).append(json.loads(path.read_text()))


def values(key, field):
    return [run[field] for run in runs[key] if run[field] is not None]


def mean(key, field):
    found = values(key, field)
    return statistics.mean(found) if found else float("nan")


def gain(key):
    return statistics.mean(run["evaluations"][0]["train_loss"] - run["final_train_loss"] for run in runs[key])


for axis in ("levels", "workers", "widths"):
    keys = [key for key in runs if key[0] == axis]
    if not keys:
        continue
    print(f"\n{axis}\n| | method | training loss | its gain | held-out loss | virtual time | versions | seeds |\n|---|---|---|---|---|---|---|---|")
    for key in keys:
        first = runs[key][0]
        print(f"| {key[1]} | {key[2]} | {mean(key, 'final_train_loss'):.4f} | {gain(key):.4f} | {mean(key, 'final_test_loss'):.4f} "
              f"| {first['virtual_seconds']:.0f} s | {first['versions']} | {len(runs[key])} |")
    if axis == "levels":
        gains = [gain(key) for key in keys if key[2] == "delayed_nesterov_dynamic"]
        print(f"\nspread of the gain over the levels, delayed_nesterov_dynamic: {(max(gains) - min(gains)) / statistics.mean(gains):.2%}")
        reference = mean(("levels", "very", "synchronous"), "final_train_loss")
        for key in keys:
            print(f"{key[1]}, {key[2]}: {mean(key, 'final_train_loss') / reference - 1:+.2%} of the lockstep's loss")
keys = [key for key in runs if key[0] == "optimizers"]
if keys:
    print("\noptimizers: held-out loss (training loss) at the outer learning rate with the lowest held-out loss\n"
          "| inner-outer | lockstep | asynchronous |\n|---|---|---|")
    for pair in dict.fromkeys(key[1] for key in keys):
        cells = []
        for mode in ("synchronous", "asynchronous"):
            held = {key: mean(key, "final_test_loss") for key in keys if key[1] == pair and key[2] == mode}
            held = {key: value for key, value in held.items() if value == value}
            best = min(held, key=held.get) if held else None
            cells.append(f"{held[best]:.4f} ({mean(best, 'final_train_loss'):.4f}) at {best[3]}" if best else "diverged")
        print(f"| {pair} | {cells[0]} | {cells[1]} |")
