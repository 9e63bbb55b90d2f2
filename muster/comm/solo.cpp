#include "muster/comm/solo.h"

#include "muster/base/error.h"
#include "muster/comm/codec/message_check.h"

namespace muster::inline comm {

namespace {

class Done final : public Pending {
 public:
  void wait(Deadline) override {}
};

std::unique_ptr<Pending> deliver(const Vector& from, Vector& to) {
  if (!same_form(from, to))
    throw Error("rank 0 expects " + describe(to) + " of itself and sends " + describe(from));
  to.copy_from(from);
  return std::make_unique<Done>();
}

}  // namespace

std::unique_ptr<Pending> Solo::start_mean(const Vector& vector, Vector& mean) {
  require_averageable(vector, mean);
  if (!mean.is_same(vector)) mean.copy_from(vector);
  return std::make_unique<Done>();
}

std::unique_ptr<Pending> Solo::start_exchange(const std::vector<Vector>& parts,
                                              std::vector<Vector>& received) {
  require_one_per_rank(parts, 1, "parts");
  require_one_per_rank(received, 1, "vectors to receive into");
  return deliver(parts[0], received[0]);
}

std::unique_ptr<Pending> Solo::start_gather(const Vector& part, std::vector<Vector>& received) {
  require_message(part);
  require_one_per_rank(received, 1, "vectors to receive into");
  return deliver(part, received[0]);
}

void Solo::broadcast(Vector& vector, int root) {
  require_message(vector);
  if (root != 0) throw Error("broadcast from rank " + std::to_string(root) + " in a group of 1");
}

}  // namespace muster::inline comm
