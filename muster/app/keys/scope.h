#pragma once

#include "muster/app/keys/key.h"

namespace muster::inline app {

/// What a configuration is for. `preview` and `planning` read no data and write no run, `evaluation` runs no
/// steps; what does not concern them is not checked for contradictions. `simulation`, `serving`: an
/// asynchronous run in virtual or in real time (see resolve_async.h).
enum class Scope { training, preview, planning, evaluation, simulation, serving };

/// An asynchronous run, whose workers do not meet.
bool is_asynchronous(Scope scope);
/// No data are read and no run is written.
bool is_walked(Scope scope);

/// Whether the key changes anything there: what a run is, how it is made, or where its files lie.
bool has_use(Scope scope, const Key& key);

}  // namespace muster::inline app
