#!/usr/bin/env python3
"""The table of run.sh: table.py RESULTS HOSTS RATE BATCH."""
import statistics
import sys

lines = [line.split() for line in open(sys.argv[1])]
hosts, batch = int(sys.argv[2]), int(sys.argv[4])
bits = float(sys.argv[3][:-4]) * {"k": 1e3, "m": 1e6, "g": 1e9}[sys.argv[3][-4]]
parameters = int(lines[0][4])
speed, share, compute = {}, {}, {}
for name, samples, rounds, computing, _ in lines:
    speed.setdefault(name, []).append(float(samples))
    share[name] = float(rounds)
    compute.setdefault(name, []).append(float(computing))
median = {name: statistics.median(values) for name, values in speed.items()}
step = {name: hosts * batch / samples for name, samples in median.items()}
t_c = statistics.median(compute["no_meetings"])
t_m = step["every_step"] - t_c
wire = 2 * (hosts - 1) / hosts * 4 * parameters * 8 / bits
print(f"{parameters} parameters, t_c {1e3 * t_c:.0f} ms, t_m {1e3 * t_m:.0f} ms = {t_m / t_c:.2f} t_c "
      f"(bytes over bandwidth {1e3 * wire:.0f} ms = {wire / t_c:.2f} t_c)")
print(f"{'':22} {'samples/s':>10} {'range':>15} {'beside ddp':>11} {'meetings/step':>14} {'limit':>6} {'of limit':>9}")
for name, values in speed.items():
    row = f"{name:22} {median[name]:10.2f} {min(values):7.2f}-{max(values):7.2f} {median[name] / median['ddp']:11.2f}"
    row += f" {share[name]:14.3f}"
    if name not in ("ddp", "no_meetings") and "_int8" not in name and "_qsgd" not in name:
        limit = (t_c + t_m) / (t_c + t_m * share[name])
        row += f" {limit:6.2f} {100 * median[name] / median['ddp'] / limit:7.0f} %"
    print(row)
