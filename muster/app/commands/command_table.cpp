#include "muster/app/commands/command_table.h"

#include <array>

#include "muster/app/commands/commands.h"

namespace muster::inline app {

std::span<const Command> muster_commands() {
  static constexpr std::array commands = {
      Command{"train", "train a model, in as many workers as you like", train_command},
      Command{"simulate", "train asynchronously, in virtual time", simulate_command},
      Command{"launch", "start a run of several processes, here or on several hosts", launch_command},
      Command{"chaos", "kill and stop processes of a run, and check that it survives", chaos_command},
      Command{"serve", "the server of an asynchronous run", serve_command},
      Command{"work", "a worker of an asynchronous run", work_command},
      Command{"status", "the state of an asynchronous run", status_command},
      Command{"compare", "train several settings and compare them", compare_command},
      Command{"study", "the theory as experiments: convex rates, the slow SDE", study_command},
      Command{"reproduce", "test the claims of the papers", reproduce_command},
      Command{"report", "a page with charts about runs", report_command},
      Command{"evaluate", "loss and accuracy of a trained model", evaluate_command},
      Command{"probe", "how sharp a model's minimum is, how noisy its gradient", probe_command},
      Command{"sample", "continue a text with a trained model", sample_command},
      Command{"convert", "write a GPT for Hugging Face's Transformers, or the other way", convert_command},
      Command{"plan", "what each rule would cost on your machines, and which to take", plan_command},
      Command{"schedule", "preview when the workers would meet", schedule_command},
      Command{"models", "the models and their parameters", models_command},
      Command{"signature", "a hash of each method's arithmetic", signature_command},
      Command{"completion", "complete the command line in bash, zsh or fish; man page", completion_command},
      Command{"version", "the version of this program", version_command},
  };
  return commands;
}

}  // namespace muster::inline app
