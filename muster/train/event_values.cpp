#include "muster/train/event_values.h"

namespace muster::inline train {

std::vector<std::pair<std::string, double>> event_values(const MetricsLine& line) {
  std::vector<std::pair<std::string, double>> values;
  if (!line.evaluation) {
    values = {{"train/loss", line.loss},
              {"train/learning_rate", line.learning_rate},
              {"train/period", static_cast<double>(line.period)}};
    if (line.divergence) values.emplace_back("train/divergence", *line.divergence);
  }
  if (line.test_loss) values.emplace_back("test/loss", *line.test_loss);
  if (line.test_accuracy) values.emplace_back("test/accuracy", *line.test_accuracy);
  for (const auto& [name, value] : line.probe) values.emplace_back("probe/" + name, value);
  return values;
}

}  // namespace muster::inline train
