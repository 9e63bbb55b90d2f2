#!/bin/sh
# Samples a second of Local SGD on w8a, one core, batch 1, beside scikit-learn's SGDClassifier; and the speed of
# the LIBSVM reader beside `wc -l`.   bench/convex_rate.sh MUSTER W8A [REPEATS]
set -eu
here=$(dirname "$0")
taskset -c "${CORE:-0}" /usr/bin/python3 "$here/peers/sgd_classifier.py" "$@"
