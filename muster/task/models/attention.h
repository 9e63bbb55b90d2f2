#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace muster::inline task {

/// Causal self-attention of all heads (Vaswani et al., NeurIPS 2017): softmax(q k^T / sqrt(head width)) v,
/// where a place (a token's position) attends to itself and the places before it.
/// qkv: batch x places x (3 heads head_width): queries of all heads, then keys, then values. Returns batch x
/// places x (heads head_width), of the type of qkv: float, double or bf16 (computed in float).
/// With a rotary_table of the computing type, queries and keys are turned first.
/// Works through blocks of queries and computes the weights again in the backward pass (as Dao et al.,
/// NeurIPS 2022), so that memory grows with the places and not with their square; the masked part is left
/// out.
at::Tensor causal_attention(const at::Tensor& qkv, int64_t heads, const at::Tensor& rotary_table = {});

}  // namespace muster::inline task
