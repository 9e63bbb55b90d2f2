#!/usr/bin/env python3
"""Local SGD on (uv - 1)^2 / 2 with label noise, as one would write it in numpy: arrays of replicas x workers,
one vectorised step after the other. Prints D = u^2 - v^2 of the workers' mean at the
end, its standard error over the replicas, and the seconds of the loop alone.

    bench/peers/hyperbola.py --replicas 256 --steps 30000 --workers 8 --period 10
"""
import argparse
import math
import time

import numpy


def simulate(options):
    rng = numpy.random.default_rng(options.seed)
    shape = (options.replicas, options.workers)
    u0 = math.exp(math.asinh(options.start / 2) / 2)
    u, v = numpy.full(shape, u0), numpy.full(shape, 1 / u0)
    chunk = 64  # steps whose signs are drawn in one call
    for step in range(options.steps):
        if step % chunk == 0:
            labels = 1 + options.noise * (2.0 * rng.integers(0, 2, size=(chunk, *shape), dtype=numpy.int8) - 1)
        pull = options.learning_rate * (u * v - labels[step % chunk])
        u, v = u - pull * v, v - pull * u
        if (step + 1) % options.period == 0 or step + 1 == options.steps:
            u[:] = u.mean(axis=1, keepdims=True)
            v[:] = v.mean(axis=1, keepdims=True)
    return u[:, 0] ** 2 - v[:, 0] ** 2


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--learning-rate", type=float, default=0.02)
    parser.add_argument("--noise", type=float, default=0.4)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--start", type=float, default=4.0)
    parser.add_argument("--period", type=int, default=10)
    parser.add_argument("--steps", type=int, default=30000)
    parser.add_argument("--replicas", type=int, default=256)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    begin = time.perf_counter()
    d = simulate(options)
    seconds = time.perf_counter() - begin
    error = d.std(ddof=1) / math.sqrt(d.size) if d.size > 1 else 0.0
    print(f"D {d.mean():.6f} standard_error {error:.6f} seconds {seconds:.3f}")


if __name__ == "__main__":
    main()
