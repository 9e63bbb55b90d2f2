#include "muster/app/study/study_convex_request.h"

namespace muster::inline app {

const CommandHelp& convex_help() {
  static const CommandHelp help = {
      "muster study convex [--data FILE] [--workers K] [--period H] [--batch B] ...",
      "Local SGD on logistic or least-squares regression, with the optimum known to 1e-12: how far each run "
      "is from it,\n"
      "with the bound of the theorem and the periods that the theories allow. With --target: how many "
      "steps "
      "a run needs,\n"
      "the step size tuned for each cell, and the speed-up. Lists make tables: --workers 1,4,16.\n\n"
      "  muster study convex --data w8a --workers 8 --period 4 --batch 16 --learning-rate 0.25 --steps 4096\n"
      "  muster study convex --data w8a --workers 1,8,32 --period 1,4,16 --batch 16 --target 5e-3,1e-3 "
      "--communication-cost 4 --out study\n"
      "  muster study convex --data w8a --workers 8 --batch 16 --steps 8000 --schedule.rule theory "
      "--schedule.theory stich\n"
      "  muster study convex --problem quadratic --workers 1,2,4 --period 1,16,1000 --start 100 --step-size "
      "theorem --steps 1000\n",
      {{"help", "", "This page."},
       {"json", "", "One JSON object on standard output (docs/json.md)."},
       {"out", "FOLDER", "Write study.json and report.html there."},
       {"data", "FILE",
        "Samples in LIBSVM's form: LABEL INDEX:VALUE ..., one a line. Default: 20,000 generated ones of 100 "
        "features."},
       {"loss", "logistic|least-squares", "Default: logistic, which needs two distinct labels."},
       {"regularisation", "LAMBDA", "f is the mean loss + lambda/2 ||x||^2. Default: 1 / samples."},
       {"workers", "K,...", "Default: 1."},
       {"period", "H,...", "Local steps between two meetings. Default: 1. Or the schedule.* keys below."},
       {"batch", "B,...", "Samples of a worker's step. Default: 1."},
       {"step-size", "constant|inverse|theorem",
        "constant: the learning rate; inverse: min(32, learning rate x samples / (t + 1)); theorem: 4 / (mu "
        "(a + t)), a = max(16 kappa, H) + 1. Default: inverse; with --target all of constant and inverse are "
        "tried."},
       {"average", "uniform|linear|quadratic",
        "The weighted average: all iterates alike, or with weights that grow with the step or its square. "
        "Default: quadratic, as in the theorem."},
       {"learning-rate", "C", "Default: 0.125; with --target tuned."},
       {"steps", "T",
        "Steps of each worker. Default: 10000; with --target the most that are tried, 1000000."},
       {"seed", "S", "Seed of the draws. Default: 1."},
       {"delay", "TAU", "The asynchronous form: what a worker sends at time s is seen from s + tau on."},
       {"staggered", "", "With --delay: worker k sends k steps earlier; default: all at the same times."},
       {"target", "EPS,...", "Steps until f - f* is at most this."},
       {"seeds", "N", "With --target: runs from seed S on. Default: 4."},
       {"tuning-seeds", "N",
        "With --target: tune the step size with this many seeds after those, and with none of them. Default: "
        "0, "
        "tune with the same seeds."},
       {"communication-cost", "RHO", "With --target: one meeting costs as much time as rho local steps."},
       {"seconds-per-step", "SECONDS", "With --target, in place of the cost: of one local step, ..."},
       {"seconds-per-meeting", "SECONDS", "... and of one meeting."},
       {"problem", "data|quadratic|piecewise",
        "quadratic: exact moments with additive noise. piecewise: f = x^2 above 0 and x^2/2 below, where the "
        "period matters; all paths of +-sigma noise, or --replicas random ones. Default: data."},
       {"curvature", "L", "quadratic: f = L/2 ||x||^2. Default: 1."},
       {"noise", "SIGMA2", "quadratic, piecewise: second moment of the gradient noise. Default: 1."},
       {"start", "X",
        "quadratic: ||x0||^2, at least 0, default 1; piecewise: x0, of either sign, default 0."},
       {"shift", "A", "quadratic, piecewise with theorem step sizes: a. Default: 80."},
       {"replicas", "N", "piecewise: random paths with normal noise. Default: 0, all paths of +-sigma."}},
      {"schedule"}};
  return help;
}

}  // namespace muster::inline app
