#include "muster/theory/convex/visited_gradients.h"

#include <algorithm>

namespace muster::inline theory {

void VisitedGradients::visit(const std::vector<double>& x) {
  double whole = 0;
  for (const double slope : problem_.gradient(x)) whole += slope * slope;
  const double one = problem_.gradient_moments(x).mean;
  const double noise = std::max(0.0, one - whole) / static_cast<double>(batch_);
  bounds_.noise = std::max(bounds_.noise, noise);
  bounds_.gradient = std::max(bounds_.gradient, noise + whole);
  ++bounds_.iterates;
}

}  // namespace muster::inline theory
