#!/usr/bin/python3
"""Gloo all-reduce of PROCESSES ranks, as torch.distributed does it: prints the median time as JSON.

    gloo_all_reduce.py [PROCESSES [ELEMENTS [TURNS]]]        (4, 25,000,000 floats, 11)

Needs Debian's python3-torch. Starts its own ranks by environment variables. One torch thread per rank; all ranks
start each all-reduce together, and a turn lasts as long as the slowest rank needs.
"""
import json
import os
import statistics
import sys
import time

from ranks import start_ranks


def rank_main(elements, turns):
    import torch
    import torch.distributed as dist

    torch.set_num_threads(1)
    dist.init_process_group("gloo")
    vector = torch.full((elements,), float(dist.get_rank()))
    seconds = []
    for turn in range(-2, turns):
        dist.barrier()
        start = time.perf_counter()
        dist.all_reduce(vector)
        vector /= dist.get_world_size()
        passed = torch.tensor([time.perf_counter() - start])
        dist.all_reduce(passed, op=dist.ReduceOp.MAX)
        if turn >= 0:
            seconds.append(passed.item())
    if dist.get_rank() == 0:
        print(json.dumps({"processes": dist.get_world_size(), "elements": elements, "torch": torch.__version__,
                          "median_seconds": statistics.median(seconds), "seconds": seconds}))
    dist.destroy_process_group()


def main():
    processes, elements, turns = (int(value) for value in (sys.argv[1:] + ["4", "25000000", "11"][len(sys.argv) - 1:]))
    if "RANK" in os.environ:
        return rank_main(elements, turns)
    return start_ranks(processes, [os.path.abspath(__file__), str(processes), str(elements), str(turns)])


if __name__ == "__main__":
    sys.exit(main())
