"""Makes the small GPT-2 models of this folder, and their logits, with Hugging Face's Transformers (4.30.2 and
PyTorch 1.13 made those that lie here): python3 make.py FOLDER.

  hub_tied_2_heads     as files on the hub are: names without `transformer.`, masks of attention, tied head
  saved_untied_3_heads as save_pretrained writes it, with an lm_head.weight of its own
"""

import json
import os
import sys

import torch
from safetensors.torch import save_file
from transformers import GPT2Config, GPT2LMHeadModel


def make(folder, heads, width, vocabulary, tied, hub):
    torch.manual_seed(heads)
    config = GPT2Config(vocab_size=vocabulary, n_positions=8, n_embd=width, n_layer=2, n_head=heads,
                        tie_word_embeddings=tied, embd_pdrop=0, attn_pdrop=0, resid_pdrop=0,
                        bos_token_id=None, eos_token_id=None)
    model = GPT2LMHeadModel(config).eval()
    with torch.no_grad():  # biases too, and large enough that every weight shows in the logits
        for name, weight in model.named_parameters():
            weight.copy_(0.4 * torch.randn(weight.shape) + (1 if ".ln_" in name and "weight" in name else 0))
    tokens = [(5 * place * place + 3) % vocabulary for place in range(8)]
    with torch.no_grad():
        logits = model(torch.tensor([tokens])).logits[0]
    os.makedirs(folder)
    config.architectures = ["GPT2LMHeadModel"]
    config.to_json_file(os.path.join(folder, "config.json"))
    weights = {name: tensor.contiguous() for name, tensor in model.state_dict().items()
               if not (tied and name == "lm_head.weight")}
    if hub:
        weights = {name.removeprefix("transformer."): tensor for name, tensor in weights.items()}
        for layer in range(config.n_layer):
            weights[f"h.{layer}.attn.bias"] = torch.ones(1, 1, 8, 8).tril()
            weights[f"h.{layer}.attn.masked_bias"] = torch.tensor(-1e4)
    save_file(weights, os.path.join(folder, "model.safetensors"), {"format": "pt"})
    with open(os.path.join(folder, "logits.json"), "w") as file:
        rows = [[round(float(value), 7) for value in row] for row in logits]
        json.dump({"tokens": tokens, "logits": rows}, file)
        file.write("\n")


make(os.path.join(sys.argv[1], "hub_tied_2_heads"), 2, 8, 16, tied=True, hub=True)
make(os.path.join(sys.argv[1], "saved_untied_3_heads"), 3, 12, 11, tied=False, hub=False)
