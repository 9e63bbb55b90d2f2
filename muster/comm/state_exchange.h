#pragma once

#include <string>
#include <vector>

#include "muster/comm/communicator.h"
#include "muster/flat/state.h"

namespace muster::inline comm {

/// A state as one message of bytes, and back. unpack throws Error when the bytes are not what pack writes.
Vector pack(const State& state);
State unpack(const Vector& message);

/// A text as a state carries it, and back.
Vector text_tensor(const std::string& text);
std::string tensor_text(const Vector& tensor);

/// Brings every rank's state to the root: there the states in rank order, elsewhere nothing. Collective.
std::vector<State> gather_states(Communicator& group, const State& mine, int root, Deadline deadline);

/// The other way: rank r receives states[r] of the root. Elsewhere `states` is not looked at. Collective.
State scatter_states(Communicator& group, const std::vector<State>& states, int root, Deadline deadline);

}  // namespace muster::inline comm
