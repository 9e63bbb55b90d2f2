#pragma once

#include <vector>

#include "muster/app/keys/options.h"
#include "muster/app/options/arguments.h"
#include "muster/flat/element_type.h"
#include "muster/task/small/scalar_task.h"

namespace muster::inline app {
class Catalogue;
}  // namespace muster::inline app

namespace muster::inline engine {

/// The arrangement of a case's workers.
enum class SignaturePlace {
  one_process,   ///< all in one
  threads,       ///< one a rank, ranks as threads of one process
  blocks,        ///< the same in blocks of two ranks, whose means have two levels
  links,         ///< one a rank, ranks that send messages over the loopback interface
  asynchronous,  ///< around a server, in virtual time
  own_loop       ///< one a rank, each a loop of its own with LocalUpdates
};

/// One tiny training: a name and what differs from the common settings.
struct SignatureCase {
  const char* name;
  std::vector<Setting> settings{};
  SignaturePlace place = SignaturePlace::one_process;
  ElementType type = ElementType::float64;  ///< of parameters and gradients
};

/// All of them, in the order in which they are shown.
const std::vector<SignatureCase>& signature_cases();

/// The common settings and the case's own, resolved.
Configuration configuration_of(const Catalogue& catalogue, const SignatureCase& chosen);
ScalarTask task_of(const SignatureCase& chosen);

}  // namespace muster::inline engine
