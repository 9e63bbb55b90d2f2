#include "muster/report/decision.h"

#include "muster/base/error.h"

namespace muster::inline report {

std::string_view decision_word(Decision decision) {
  switch (decision) {
    case Decision::holds:
      return "holds";
    case Decision::refuted:
      return "refuted";
    case Decision::undecided:
      return "undecided";
  }
  throw Bug("a decision without a word");
}

}  // namespace muster::inline report
