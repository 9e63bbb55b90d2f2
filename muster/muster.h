#pragma once

/// What a training loop of one's own needs, in one header; nothing here includes LibTorch.
///
///     const auto group = muster::join_group();      // under torchrun, mpirun, srun, or alone
///     muster::LocalUpdates local(model.segments(), *group, muster::QuadraticRule{{.base_period = 4}},
///     steps);
///     ... local.step(learning_rate);                // after every step of the optimizer
///
/// For a model of LibTorch include "muster/libtorch/local_updates.h" as well: `model->parameters()` then
/// takes the place of the segments. Link muster::local_updates, and muster::checkpoint for checkpoints.

// WHEN workers meet: the learning rate and the rules that follow it.
#include "muster/schedule/adaptive_period.h"
#include "muster/schedule/constant_period.h"
#include "muster/schedule/every_step.h"
#include "muster/schedule/learning_rate.h"
#include "muster/schedule/loss_driven.h"
#include "muster/schedule/piecewise.h"
#include "muster/schedule/post_local.h"
#include "muster/schedule/power_rule.h"
#include "muster/schedule/preview.h"
#include "muster/schedule/quadratic_rule.h"
#include "muster/schedule/swap.h"
#include "muster/schedule/theory_period.h"

// WHAT happens at a meeting: outer optimizers.
#include "muster/optim/average.h"
#include "muster/optim/nesterov.h"
#include "muster/optim/outer_adam.h"
#include "muster/optim/slowmo.h"

// HOW the numbers travel: groups and codecs.
#include "muster/comm/codec/codec_options.h"
#include "muster/comm/join_group.h"
#include "muster/comm/solo.h"
#include "muster/comm/thread_group.h"

// WHERE they live: the pieces of a model, and checkpoints of them.
#include "muster/checkpoint/checkpoint.h"
#include "muster/flat/segments.h"
#include "muster/local_updates/local_updates.h"
