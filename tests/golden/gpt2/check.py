"""Compares the logits that Transformers computes with a model's folder with those of a file like logits.json:
python3 check.py FOLDER LOGITS.json. Exit code 1 and the difference where it is 1e-5 or more."""

import json
import sys

import torch
from transformers import GPT2LMHeadModel

expected = json.load(open(sys.argv[2]))
model, about = GPT2LMHeadModel.from_pretrained(sys.argv[1], output_loading_info=True)
problems = [name for name in about["missing_keys"] + about["unexpected_keys"] if not name.endswith("attn.bias")]
with torch.no_grad():
    logits = model.eval().float()(torch.tensor([expected["tokens"]])).logits[0]
difference = (logits - torch.tensor(expected["logits"])).abs().max().item()
print(f"{sys.argv[1]}: {difference:.2e} {problems}")
sys.exit(0 if difference < 1e-5 and not problems else 1)
