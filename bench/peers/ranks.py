"""Starts the ranks of a script of torch.distributed on this machine."""
import os
import socket
import subprocess
import sys


def start_ranks(processes, words):
    """Runs python3 WORDS in so many processes, one thread each, and returns the largest exit code."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    ranks = []
    for rank in range(processes):
        environment = dict(os.environ, RANK=str(rank), WORLD_SIZE=str(processes), MASTER_ADDR="127.0.0.1",
                           MASTER_PORT=str(port), GLOO_SOCKET_IFNAME="lo", OMP_NUM_THREADS="1")
        ranks.append(subprocess.Popen([sys.executable] + words, env=environment))
    return max(rank.wait() for rank in ranks)
