#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "muster/app/keys/options.h"
#include "muster/app/keys/scope.h"
#include "muster/app/options/arguments.h"
#include "muster/app/options/given.h"

namespace muster::inline app {

class Catalogue;

/// The number of processes of a run; run.workers must be a multiple of it. With several, the default is one
/// worker each.
struct Processes {
  int64_t all = 1;
  int64_t on_this_host = 1;  ///< which share its cores
};

/// Makes a run's configuration from the user's settings: the file `config` (if any), then the settings of
/// the command line over it, then the defaults that depend on other keys. Every key is checked for type,
/// words and range, and the whole for contradictions, before any work. A length on the command line (steps,
/// epochs) replaces the file's. A file that lies in the folder of a run means that folder, wherever it is
/// now: run.out is that folder. Throws OptionError.
///
/// Resolved here: run.epochs (10 without steps), run.workers, run.threads, run.loader_threads, image.size of
/// folders, schedule.growth, schedule.pieces (a file's content), outer.learning_rate and outer.momentum; and,
/// where the number of steps is known without reading data (run.steps given, or the generated task), what
/// complete() resolves.
Configuration resolve(const Catalogue& catalogue, const std::optional<std::string>& config,
                      const std::vector<Setting>& settings, Scope scope = Scope::training,
                      const Processes& processes = {});

/// The result of resolving what was given.
struct Resolution {
  Configuration configuration;
  Configuration given;              ///< before any default was filled in
  std::vector<std::string> unused;  ///< what stands in the file and was set aside, for unused_line()
};

/// The same from layers. Keys of the file that have no use in the scope are set aside and named, and so are
/// keys of the file that change nothing because of what the command line says; keys of the command line
/// without use are refused.
Resolution resolve_given(const Catalogue& catalogue, const Given& given, Scope scope,
                         const Processes& processes = {});

/// Length of a run in steps. floor(samples / (workers x batch)) steps are an epoch; the rest is dropped.
struct RunLength {
  int64_t steps = 0;
  int64_t steps_per_epoch = 0;
};

/// REQUIRES: a configuration from resolve(). Throws OptionError when the samples do not fill one step, or the
/// steps do not fit into 64 bits.
RunLength run_length(const Configuration& configuration, int64_t train_samples);

/// Fills in what depends on the amount of data, evaluation.every, and checks what depends on the length of
/// the run. Does nothing twice. Throws OptionError.
void complete(const Catalogue& catalogue, Configuration& configuration, int64_t train_samples);

/// Training samples where they are known without reading data: the generated task's.
std::optional<int64_t> known_samples(const Catalogue& catalogue, const Configuration& configuration);

/// The same, and CIFAR-10's 50,000: for previews, which read no data.
std::optional<int64_t> usual_samples(const Catalogue& catalogue, const Configuration& configuration);

/// Cores that this process may use.
int64_t usable_cores();

}  // namespace muster::inline app
