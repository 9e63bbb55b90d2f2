"""Logistic regression by stochastic gradients: scikit-learn's SGDClassifier beside `muster study convex`.

One run, alternating, one core each: a call of one epoch, and a further epoch (the slope between one epoch and
many). Needs python3-sklearn. Muster's figure is samples_per_second, which holds draws, steps, the weighted
average and meetings; scikit-learn's is the wall time of fit(). Neither counts reading the file.

    python3 bench/peers/sgd_classifier.py MUSTER W8A [REPEATS]
"""
import json
import os
import statistics
import subprocess
import sys
import time

os.environ["OMP_NUM_THREADS"] = "1"

import numpy  # noqa: E402
import scipy.sparse  # noqa: E402
import sklearn  # noqa: E402
from sklearn.linear_model import SGDClassifier  # noqa: E402

EPOCHS = 21  # of the long call


def read(path):
    labels, starts, columns = [], [0], []
    with open(path, encoding="ascii") as lines:
        for line in lines:
            words = line.split()
            if words:
                labels.append(float(words[0]))
                columns += [int(word.split(":")[0]) - 1 for word in words[1:]]
                starts.append(len(columns))
    shape = (len(labels), max(columns) + 1)
    return scipy.sparse.csr_matrix((numpy.ones(len(columns)), columns, starts), shape), numpy.array(labels)


def fit_seconds(samples, labels, epochs):
    model = SGDClassifier(
        loss="log_loss", alpha=1 / len(labels), tol=None, fit_intercept=False, max_iter=epochs,
        learning_rate="constant", eta0=0.1, random_state=1,
    )
    start = time.perf_counter()
    model.fit(samples, labels)
    return time.perf_counter() - start


def muster_seconds(muster, path, count, epochs):
    command = [muster, "study", "convex", "--data", path, "--batch", "1", "--step-size", "constant",
               "--learning-rate", "0.1", "--steps", str(count * epochs), "--json"]
    result = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return count * epochs / result["samples_per_second"]


def reading_seconds(muster, path, repeats):
    """The reader alone, and all of `wc -l` with the start of its process."""
    reader, lines = [], []
    for _ in range(repeats):
        command = [muster, "study", "convex", "--data", path, "--steps", "1", "--json"]
        result = subprocess.run(command, check=True, capture_output=True)
        reader.append(json.loads(result.stdout)["read_seconds"])
        start = time.perf_counter()
        subprocess.run(["wc", "-l", path], check=True, capture_output=True)
        lines.append(time.perf_counter() - start)
    return reader, lines


def main(muster, path, repeats=9):
    samples, labels = read(path)
    count = len(labels)
    fit_seconds(samples, labels, 1)
    calls, epochs = {"sklearn": [], "muster": []}, {"sklearn": [], "muster": []}
    for _ in range(repeats):
        for name in calls:
            if name == "sklearn":
                one, many = (fit_seconds(samples, labels, e) for e in (1, EPOCHS))
            else:
                one, many = (muster_seconds(muster, path, count, e) for e in (1, EPOCHS))
            calls[name].append(one)
            epochs[name].append((many - one) / (EPOCHS - 1))
    read_times, wc_times = reading_seconds(muster, path, repeats)
    print(f"scikit-learn {sklearn.__version__}, {count} samples, {repeats} alternating repeats, medians")
    for title, times in (("one-epoch call", calls), ("further epoch", epochs)):
        rates = {name: count / statistics.median(values) for name, values in times.items()}
        ratios = sorted(s / m for s, m in zip(times["sklearn"], times["muster"]))
        print(f"{title:15} scikit-learn {rates['sklearn']:.3g}/s   muster {rates['muster']:.3g}/s   "
              f"ratio {statistics.median(ratios):.2f} (from {ratios[0]:.2f} to {ratios[-1]:.2f})")
    reader, wc = min(read_times), min(wc_times)
    size = os.path.getsize(path) / 1e6
    print(f"reading {size:.1f} MB: {1e3 * reader:.1f} ms ({size / reader:.0f} MB/s), wc -l {1e3 * wc:.1f} ms, "
          f"ratio {reader / wc:.1f} (least of {repeats})")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 9)
