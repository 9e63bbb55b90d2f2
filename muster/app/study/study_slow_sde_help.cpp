#include "muster/app/study/study_slow_sde_request.h"

namespace muster::inline app {

const CommandHelp& slow_sde_help() {
  static const CommandHelp help = {
      "muster study slow-sde --problem hyperbola|valley|diagonal-net [--flag value ...]",
      "SGD and Local SGD simulated on problems whose slow stochastic differential equation (Gu, Lyu, Huang,\n"
      "Arora, ICLR 2023) can be solved, with that solution: in its continuous form and exact for finite "
      "steps.\n"
      "Meeting rarely adds a drift, up to K times that of SGD, towards flatter minima.\n\n"
      "  muster study slow-sde --problem hyperbola --scan period --out studies/hyperbola\n"
      "  muster study slow-sde --problem hyperbola --scan schedules\n"
      "  muster study slow-sde --problem valley --scan period --out studies/valley\n"
      "  muster study slow-sde --problem diagonal-net --period 100 --start 0.3,0.5,0.7 --json\n"
      "  muster study slow-sde --problem hyperbola --rule qsr --growth 0.1 --learning_rate.peak 0.04\n",
      {{"help", "", "This page."},
       {"problem", "NAME",
        "hyperbola: (uv-1)^2/2 with label noise, D = u^2-v^2. valley: (1+y^2) x^2/2 with additive noise, "
        "E[y^2]. diagonal-net: w = u^2-v^2, least squares with label noise, ln(Q_j/Q_j(0)), Q_j = u_j v_j."},
       {"scan", "WHAT",
        "period, workers, learning-rate (at a fixed length of rounds in slow time, period x learning rate^2, "
        "and a fixed slow time of the run) or schedules (rules at equal length under a cosine)."},
       {"period", "H[,H...]",
        "Steps between meetings; several: one run each. Default: 10, 30 (valley), 100."},
       {"learning-rate", "RATE[,...]",
        "Constant, or the peak where learning_rate.* keys are given. Default: 0.02, 0.03 (valley), 0.005."},
       {"workers", "K[,K...]", "Default: 8."},
       {"noise", "NUMBER",
        "Noise of one worker: labels +- noise, or the standard deviation of the noise across the valley. "
        "Default: "
        "0.4, 1 (valley)."},
       {"tangent-noise", "NUMBER", "valley: standard deviation of the noise along it. Default: 1."},
       {"noise-law", "LAW",
        "valley: curvature (variance noise^2 (1+y^2): y is an Ornstein-Uhlenbeck process) or constant "
        "(noise^2: Student's t). Default: curvature; --scan period shows both."},
       {"start", "NUMBER[,...]",
        "D, y or Q_j at the start. Default: 4 (6 in a scan of schedules), drawn from the stationary law, "
        "0.5."},
       {"steps", "N",
        "Steps of each worker. Default: 30000 (schedules 40000), 60000 (valley; 6000 where y "
        "falls, 100000 in a scan of periods)."},
       {"replicas", "N",
        "Independent runs of all workers. Default: 256 (512 schedules), 1024 (valley; 6144 for "
        "Student's form in a scan of periods)."},
       {"samples", "N", "diagonal-net: rows of X. Default: 2."},
       {"features", "N", "diagonal-net: columns of X, normals of variance 1/N by the seed. Default: 3."},
       {"data", "FILE",
        "diagonal-net: X and y instead, a line for each sample: features and label, separated by commas."},
       {"seed", "N", "Default: 1."},
       {"threads", "N", "Changes nothing in the result. Default: one per core."},
       {"out", "FOLDER", "Write study.json and report.html (a page with charts) there."},
       {"json", "", "One JSON object on standard output (docs/json.md)."}},
      {"schedule", "learning_rate"}};
  return help;
}

}  // namespace muster::inline app
