#include "tests/own_kinds/sign_step.h"

#include <cstdint>

#include "muster/optim/outer_optimizer.h"

namespace muster::test {

namespace {

struct SignStepOptions {
  double stride = 0.01;
  void validate() const {}
};

class SignStep : public OuterOptimizer {
 public:
  SignStep(const SignStepOptions& options, int64_t, ElementType) : options_(options) {}
  void step(Vector& anchor, const Vector& outer_gradient, double) override {
    if (anchor.type() == ElementType::float64)
      step_as<double>(anchor, outer_gradient);
    else
      step_as<float>(anchor, outer_gradient);
  }

 private:
  template <class T>
  void step_as(const Vector& anchor, const Vector& outer_gradient) const {
    const auto stride = static_cast<T>(options_.stride);
    const T* const gradient = outer_gradient.data<T>();
    T* const values = anchor.data<T>();
    for (int64_t i = 0; i < anchor.size(); ++i)
      values[i] -= gradient[i] > 0 ? stride : gradient[i] < 0 ? -stride : 0;
  }

  SignStepOptions options_;
};

}  // namespace

OuterKind sign_step() {
  using O = SignStepOptions;
  return outer_optimizer<SignStep>(
             "sign_step",
             Reading<O>().bind(
                 real_field("stride").says("length of the step of every parameter.").above(0).at_most(10),
                 &O::stride))
      .says("anchor −= stride · sign(outer gradient)")
      .from("nobody")
      .in("sign_step");
}

}  // namespace muster::test
