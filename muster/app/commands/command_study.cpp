#include <fmt/format.h>

#include "muster/app/commands/commands.h"
#include "muster/app/options/help.h"
#include "muster/app/study/study.h"
#include "muster/base/error.h"
#include "muster/base/nearest_word.h"
#include "muster/base/output.h"
#include "muster/choice/value.h"

namespace muster::inline app {

const CommandHelp& study_help() {
  static const CommandHelp help = {
      "muster study convex|slow-sde|teacher [flags]",
      "Experiments of the theory, with a picture and an honest number.\n\n"
      "  convex    Local SGD on regression with a known optimum: rates, speed-up, allowed periods\n"
      "  slow-sde  SGD and Local SGD compared with their slow SDE: how a period moves along flat valleys\n"
      "  teacher   rules for meetings on a small network, hundreds of trainings with paired seeds\n\n"
      "Each with --out FOLDER writes study.json and report.html; --json prints the JSON; muster study convex "
      "--help has the rest.\n",
      {{"help", "", "This page."}},
      {}};
  return help;
}

int study_command(const Catalogue& catalogue, const std::vector<std::string>& words) {
  if (words.empty() || words.front() == "--help" || words.front() == "-h") {
    write_output(help_text(catalogue, study_help()));
    return 0;
  }
  const std::vector<std::string> rest(words.begin() + 1, words.end());
  if (words.front() == "convex") return study_convex(catalogue, rest);
  if (words.front() == "slow-sde") return study_slow_sde(catalogue, rest);
  if (words.front() == "teacher") return study_teacher(catalogue, rest);
  const std::string nearest = nearest_word(words.front(), {"convex", "slow-sde", "teacher"});
  throw OptionError("study", shown(words.front()),
                    nearest.empty() ? "the studies are convex, slow-sde and teacher"
                                    : fmt::format("there is no such study; did you mean {}?", nearest));
}

}  // namespace muster::inline app
