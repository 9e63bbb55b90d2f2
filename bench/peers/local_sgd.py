#!/usr/bin/python3
"""Local SGD with PyTorch's own tools, for the speed: DistributedDataParallel in every step, or PostLocalSGD's
PeriodicModelAverager every few steps. One process a worker, over Gloo, each started by its environment
variables. The network and the optimizer are those of Muster; the data are random and lie in memory, so that
nothing but the training is timed. Rank 0 prints samples per second over all workers. Needs torch only.

  local_sgd.py --model resnet20 --method periodic --period 8 --steps 60      starts its own workers
"""

import argparse
import os
import subprocess
import sys
import time


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", choices=["resnet20", "gpt"], default="resnet20")
    parser.add_argument("--method", choices=["ddp", "periodic"], default="periodic")
    parser.add_argument("--period", type=int, default=8)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--batch", type=int, default=32, help="samples per worker and step")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--context", type=int, default=128, help="of the GPT, in tokens")
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--width", type=int, default=384)
    parser.add_argument("--heads", type=int, default=6)
    parser.add_argument("--vocabulary", type=int, default=256)
    parser.add_argument("--bf16", action="store_true", help="autocast to bf16")
    return parser.parse_args()


def start_workers(options):
    """The ranks as processes of this script, as torch.distributed.run would start them."""
    port = str(20000 + os.getpid() % 20000)
    ranks = []
    for rank in range(options.workers):
        environment = dict(os.environ, MASTER_ADDR="127.0.0.1", MASTER_PORT=port, RANK=str(rank),
                           WORLD_SIZE=str(options.workers), OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
        ranks.append(subprocess.Popen([sys.executable, *sys.argv], env=environment))
    sys.exit(max(rank.wait() for rank in ranks))


def make_gpt(options):
    import math

    import torch
    import torch.nn as nn
    import torch.nn.functional as F

    class Block(nn.Module):
        def __init__(self, width, heads, context):
            super().__init__()
            self.heads = heads
            self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
            self.c_attn, self.c_proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.c_fc, self.mlp_proj = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
            self.register_buffer("mask", torch.tril(torch.ones(context, context)).view(1, 1, context, context))

        def attend(self, x):
            batch, places, width = x.shape
            q, k, v = (part.view(batch, places, self.heads, width // self.heads).transpose(1, 2)
                       for part in self.c_attn(x).split(width, dim=2))
            scores = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
            scores = scores.masked_fill(self.mask[:, :, :places, :places] == 0, float("-inf"))
            y = F.softmax(scores, dim=-1) @ v
            return self.c_proj(y.transpose(1, 2).contiguous().view(batch, places, width))

        def forward(self, x):
            x = x + self.attend(self.ln_1(x))
            return x + self.mlp_proj(F.gelu(self.c_fc(self.ln_2(x))))

    class Gpt(nn.Module):
        def __init__(self):
            super().__init__()
            self.wte = nn.Embedding(options.vocabulary, options.width)
            self.wpe = nn.Embedding(options.context, options.width)
            self.h = nn.ModuleList(Block(options.width, options.heads, options.context)
                                   for _ in range(options.layers))
            self.ln_f = nn.LayerNorm(options.width)
            for embedding in (self.wte, self.wpe):
                nn.init.normal_(embedding.weight, std=0.02)

        def forward(self, tokens):
            x = self.wte(tokens) + self.wpe(torch.arange(tokens.size(1)))
            for block in self.h:
                x = block(x)
            return F.linear(self.ln_f(x), self.wte.weight)

    return Gpt()


def make_task(options):
    """The network, its optimizer, and a function that returns the loss of a step."""
    import torch
    import torch.nn.functional as F

    if options.model == "gpt":
        model = make_gpt(options)
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.1)
        tokens = torch.randint(options.vocabulary, (64, options.batch, options.context + 1))

        def loss_of(network, step):
            window = tokens[step % 64]
            logits = network(window[:, :-1])
            return F.cross_entropy(logits.reshape(-1, options.vocabulary).float(), window[:, 1:].reshape(-1))
    else:
        sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
        import cifar_resnet

        model = cifar_resnet.ResNet(20)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
        images, labels = torch.randn(64, options.batch, 3, 32, 32), torch.randint(10, (64, options.batch))

        def loss_of(network, step):
            return F.cross_entropy(network(images[step % 64]).float(), labels[step % 64])
    return model, optimizer, loss_of


def train(options):
    import torch
    import torch.distributed as dist

    torch.set_num_threads(1)
    torch.manual_seed(1)
    dist.init_process_group("gloo")
    model, optimizer, loss_of = make_task(options)
    network, averager = model, None
    if options.method == "ddp":
        network = torch.nn.parallel.DistributedDataParallel(model)
    else:
        from torch.distributed.algorithms.model_averaging.averagers import PeriodicModelAverager
        from torch.distributed.optim import PostLocalSGDOptimizer

        averager = PeriodicModelAverager(period=options.period, warmup_steps=0)
        optimizer = PostLocalSGDOptimizer(optimizer, averager)

    def run(steps):
        for step in range(steps):
            optimizer.zero_grad()
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=options.bf16):
                loss = loss_of(network, step)
            loss.backward()
            optimizer.step()

    run(4)
    dist.barrier()
    began = time.perf_counter()
    run(options.steps)
    dist.barrier()
    seconds = time.perf_counter() - began
    if dist.get_rank() == 0:
        parameters = sum(p.numel() for p in model.parameters())
        print(f"{options.workers * options.batch * options.steps / seconds:.1f} {parameters}")
    dist.destroy_process_group()


if __name__ == "__main__":
    OPTIONS = read_options()
    train(OPTIONS) if "RANK" in os.environ else start_workers(OPTIONS)
