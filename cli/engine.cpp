#include <array>

#include "muster/app/processes/freed_memory.h"
#include "muster/app/processes/program.h"
#include "muster/engine/commands.h"
#include "muster/engine/makers.h"

// The program `muster-engine`, started by `muster` for the commands that need tensors.
int main(int argc, char** argv) {
  static constexpr std::array commands = {
      muster::Command{"train", "train a model", muster::run_train},
      muster::Command{"serve", "the server of an asynchronous run", muster::run_serve},
      muster::Command{"work", "a worker of an asynchronous run", muster::run_work},
      muster::Command{"status", "the state of an asynchronous run", muster::run_status},
      muster::Command{"simulate", "train asynchronously, in virtual time", muster::run_simulate},
      muster::Command{"evaluate", "loss and accuracy of a trained model", muster::run_evaluate},
      muster::Command{"probe", "how sharp a model's minimum is, how noisy its gradient", muster::run_probe},
      muster::Command{"sample", "continue a text with a trained model", muster::run_sample},
      muster::Command{"convert", "write a GPT for Hugging Face's Transformers, or the other way",
                      muster::run_convert},
      muster::Command{"models", "the models and their parameters", muster::run_models},
      muster::Command{"signature", "a hash of each method's arithmetic", muster::run_signature},
  };
  muster::keep_freed_memory();
  const muster::Catalogue catalogue(muster::with_makers(muster::built_in_kinds()));
  return muster::run_program(catalogue, commands, argc, argv);
}
