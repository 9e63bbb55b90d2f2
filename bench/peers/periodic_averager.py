#!/usr/bin/python3
"""A meeting as PyTorch makes it: PeriodicModelAverager over Gloo, and the bare all-reduce of as many floats.

    periodic_averager.py [PROCESSES [ELEMENTS [TURNS]]]        (2, 22,000,000 floats, 15)

The parameters are as many tensors as ResNet-50 has, 161, of its proportions. Prints the median times as JSON. Needs
Debian's python3-torch. Starts its own ranks by environment variables, one thread each; all ranks start together, and
a turn lasts until all have ended. Before it every rank passes over other memory, as training does between meetings.
"""
import json
import os
import statistics
import sys
import time

from ranks import start_ranks


def resnet_50_shapes():
    """Its convolutions, the two vectors of the normalisation behind each of them, and the linear layer."""
    shapes = []

    def convolution(inputs, outputs, size):
        shapes.extend([(outputs, inputs, size, size), (outputs,), (outputs,)])

    convolution(3, 64, 7)
    inputs = 64
    for width, blocks in ((64, 3), (128, 4), (256, 6), (512, 3)):
        for block in range(blocks):
            convolution(inputs, width, 1)
            convolution(width, width, 3)
            convolution(width, 4 * width, 1)
            if block == 0:
                convolution(inputs, 4 * width, 1)
            inputs = 4 * width
    return shapes + [(1000, 2048), (1000,)]


def lengths_of(elements):
    """So many elements in the proportions of ResNet-50's tensors."""
    whole = [1] * len(resnet_50_shapes())
    for place, shape in enumerate(resnet_50_shapes()):
        for side in shape:
            whole[place] *= side
    lengths = [max(1, length * elements // sum(whole)) for length in whole]
    lengths[-2] += elements - sum(lengths)
    return lengths


def rank_main(elements, turns):
    import torch
    import torch.distributed as dist
    from torch.distributed.algorithms.model_averaging.averagers import PeriodicModelAverager

    torch.set_num_threads(1)
    dist.init_process_group("gloo")
    rank = dist.get_rank()
    parameters = [torch.nn.Parameter(torch.full((length,), 0.5 * rank)) for length in lengths_of(elements)]
    for parameter in parameters:
        parameter.grad = torch.zeros_like(parameter)  # those without a gradient would be left out
    averager = PeriodicModelAverager(period=8, warmup_steps=0)
    vector = torch.ones(elements)
    other, token = torch.ones(64 << 20), torch.ones(1)

    def meeting():
        averager.step = 0
        averager.average_parameters(parameters)

    seconds = {"all_reduce": [], "averager": []}
    for turn in range(-2, turns):
        for name, run in (("all_reduce", lambda: dist.all_reduce(vector)), ("averager", meeting)):
            other.mul_(1.0)
            dist.all_reduce(token)
            start = time.perf_counter()
            run()
            dist.all_reduce(token)
            if turn >= 0:
                seconds[name].append(time.perf_counter() - start)
    expected = 0.5 * sum(range(dist.get_world_size())) / dist.get_world_size()
    assert all(parameter.data[0].item() == expected for parameter in parameters)
    if rank == 0:
        print(json.dumps({"processes": dist.get_world_size(), "elements": elements, "tensors": len(parameters),
                          "torch": torch.__version__} |
                         {name: statistics.median(values) for name, values in seconds.items()}))
    dist.destroy_process_group()


def main():
    processes, elements, turns = (int(value) for value in (sys.argv[1:] + ["2", "22000000", "15"][len(sys.argv) - 1:]))
    if "RANK" in os.environ:
        return rank_main(elements, turns)
    return start_ranks(processes, [os.path.abspath(__file__), str(processes), str(elements), str(turns)])


if __name__ == "__main__":
    sys.exit(main())
