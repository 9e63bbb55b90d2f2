"""A PyTorch script as people have them: finds its group by the environment and adds its rank to the others'."""

import torch
import torch.distributed as dist

dist.init_process_group("gloo")
value = torch.tensor([float(dist.get_rank() + 1)])
dist.all_reduce(value)
print(f"rank {dist.get_rank()} of {dist.get_world_size()}: {value.item():g}", flush=True)
dist.destroy_process_group()
