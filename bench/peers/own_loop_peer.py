#!/usr/bin/python3
"""The training of examples/thread_ranks.cpp in PyTorch: gloo processes and PeriodicModelAverager.

    own_loop_peer.py FILE [PERIOD]        (4)

FILE is the one that example_thread_ranks wrote: initial weights by torch's names, and every rank's data. Prints
the lines that the example prints. Needs Debian's python3-torch and python3-numpy. Starts its own ranks by environment
variables, one thread each.
"""
import json
import os
import subprocess
import sys

PEAK = 0.1


def read_safetensors(path):
    import numpy as np
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    header.pop("__metadata__", None)
    types = {"F32": "<f4", "I64": "<i8"}
    return {name: np.frombuffer(data[slice(*entry["data_offsets"])], types[entry["dtype"]])
            .reshape(entry["shape"]).copy() for name, entry in header.items()}


def rank_main(path, period):
    import torch
    import torch.distributed as dist
    import torch.nn as nn
    from torch.distributed.algorithms.model_averaging.averagers import PeriodicModelAverager

    torch.set_num_threads(1)
    dist.init_process_group("gloo")
    rank = dist.get_rank()
    tensors = {name: torch.from_numpy(values) for name, values in read_safetensors(path).items()}
    inputs, targets = tensors.pop("inputs")[rank], tensors.pop("targets")[rank]
    hidden, features = tensors["0.weight"].shape
    model = nn.Sequential(nn.Linear(features, hidden), nn.ReLU(), nn.Linear(hidden, len(tensors["2.bias"])))
    model.load_state_dict(tensors)
    optimizer = torch.optim.SGD(model.parameters(), lr=PEAK, momentum=0.9)
    # It averages at its steps warmup_steps, warmup_steps + period, ... counted from 0: so after each period-th step.
    averager = PeriodicModelAverager(period=period, warmup_steps=period - 1)
    steps = len(inputs)
    losses = torch.empty(steps, dtype=torch.float64)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = PEAK * (1 - step / steps)
        loss = nn.functional.cross_entropy(model(inputs[step]), targets[step])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        averager.average_parameters(model.parameters())
        losses[step] = loss.item()
    everyone = [torch.empty_like(losses) for _ in range(dist.get_world_size())]
    dist.all_gather(everyone, losses)
    if rank == 0:
        for step in range(steps):
            for other, its in enumerate(everyone):
                print(f"step {step} rank {other} loss {its[step].item():.9f}")
    dist.destroy_process_group()


def main():
    path, period = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 4
    if "RANK" in os.environ:
        return rank_main(path, period)
    import socket
    ranks_in_file = read_safetensors(path)["inputs"].shape[0]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    ranks = []
    for rank in range(ranks_in_file):
        environment = dict(os.environ, RANK=str(rank), WORLD_SIZE=str(ranks_in_file), MASTER_ADDR="127.0.0.1",
                           MASTER_PORT=str(port), GLOO_SOCKET_IFNAME="lo", OMP_NUM_THREADS="1")
        command = [sys.executable, os.path.abspath(__file__), path, str(period)]
        ranks.append(subprocess.Popen(command, env=environment))
    return max(rank.wait() for rank in ranks)


if __name__ == "__main__":
    sys.exit(main())
