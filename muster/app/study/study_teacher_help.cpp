#include "muster/app/study/study_teacher_request.h"

namespace muster::inline app {

const CommandHelp& teacher_help() {
  static const CommandHelp help = {
      "muster study teacher [--arm \"NAME: key=value ...\" ...] [--flag value ...]",
      "Rules for meetings on a small non-convex problem, hundreds of whole trainings in a minute: a student\n"
      "(tanh network 10-16-1 with biases, 193 parameters) learns a teacher (10-8-1) from fresh noisy "
      "samples\n"
      "by plain SGD. All arms see the same data and noise at the same seed, so that differences of a few "
      "per\n"
      "cent can be separated from chance.\n\n"
      "  muster study teacher --arm \"cp8: schedule.rule=constant base_period=8\" \\\n"
      "    --arm \"ad4: schedule.rule=adaptive base_period=4\" --seeds 192 --out studies/teacher\n"
      "  muster study teacher --arm \"fp32: schedule.rule=every_step\" --arm \"qsgd8: "
      "schedule.rule=every_step "
      "codec=qsgd8\"\n",
      {{"help", "", "This page."},
       {"arm",
        "\"NAME: key=value ...\"",
        "A method by name and what it sets; several. Keys: schedule.*, learning_rate.*, comm.codec (fp32, "
        "qsgd8, qsgd4, qsgd2 with every_step). Default: one, by the keys of the command line.",
        {.repeats = true}},
       {"baseline", "NAME", "The arm that the table compares with. Default: the first."},
       {"seeds", "N", "Default: 32."},
       {"seed", "N", "The first. Default: 1."},
       {"steps", "N", "Steps of each worker. Default: 4000."},
       {"workers", "K", "Default: 16."},
       {"batch", "N", "Samples of each worker and step. Default: 4."},
       {"learning-rate", "RATE",
        "Default: 0.2. Without a learning_rate.shape it falls to a tenth after half and again after three "
        "quarters of the run."},
       {"noise", "NUMBER", "Standard deviation of the labels' noise. Default: 0.3."},
       {"test-points", "N", "Clean points on which the mean of the workers is judged. Default: 4000."},
       {"target", "LOSS[,...]", "Report the step at which the mean curve first falls to it."},
       {"threads", "N", "Changes nothing in the result. Default: one per core."},
       {"out", "FOLDER", "Write study.json and report.html (a page with charts) there."},
       {"json", "", "One JSON object on standard output (docs/json.md)."}},
      {"schedule", "learning_rate"}};
  return help;
}

}  // namespace muster::inline app
