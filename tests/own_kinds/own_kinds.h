#pragma once

#include <string>
#include <vector>

#include "muster/app/keys/catalogue.h"
#include "tests/own_kinds/doubling_rule.h"
#include "tests/own_kinds/sign_codec.h"
#include "tests/own_kinds/sign_step.h"

namespace muster::test {

/// The kinds, and three of one's own.
inline Kinds with_own(Kinds kinds) {
  kinds.rules.add(doubling_rule());
  kinds.outer_optimizers.add(sign_step());
  kinds.codecs.add(sign_codec());
  return kinds;
}

/// The flags that choose all three, with values other than the usual ones.
inline std::vector<std::string> own_kinds_chosen() {
  return {"--schedule.rule",   "doubling",  "--schedule.double_every", "2",    "--base_period", "2",
          "--outer.optimizer", "sign_step", "--outer.stride",          "0.05", "--comm.codec",  "sign",
          "--comm.magnitude",  "largest"};
}

}  // namespace muster::test
