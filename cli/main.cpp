#include <array>

#include "muster/app/commands.h"
#include "muster/app/program.h"

// The program `muster`: what needs no tensors is answered here, the rest by muster-engine beside it.
int main(int argc, char** argv) {
  static constexpr std::array commands = {
      muster::Command{"train", "train a model, in as many workers as you like", muster::train_command},
      muster::Command{"compare", "train several settings and tell which is best", muster::compare_command},
      muster::Command{"report", "a page with charts about runs", muster::report_command},
      muster::Command{"evaluate", "loss and accuracy of a trained model", muster::evaluate_command},
      muster::Command{"sample", "continue a text with a trained model", muster::sample_command},
      muster::Command{"schedule", "preview when the workers would meet", muster::schedule_command},
      muster::Command{"models", "the models and their parameters", muster::models_command},
      muster::Command{"signature", "a hash of each method's arithmetic", muster::signature_command},
      muster::Command{"version", "the version of this program", muster::version_command},
  };
  return muster::run_program(commands, argc, argv);
}
