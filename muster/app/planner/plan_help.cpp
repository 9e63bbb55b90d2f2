#include "muster/app/planner/plan_request.h"

namespace muster::inline app {

const CommandHelp& plan_help() {
  static const CommandHelp help = {
      "muster plan [CONFIG.toml] --probe | --run FOLDER | --total RULE:TIME ... | --step-time TIME [--flag "
      "value]",
      "What each rule would cost on your machines: goes through the real schedules and adds up computing, "
      "waiting\n"
      "for the slowest worker, meetings and failures, and recommends a configuration. What computing and\n"
      "meetings take is measured here (--probe), read from a run (--run), found from nothing but the total\n"
      "times of runs that met at different frequencies (--total), or stated (--step-time, --network).\n"
      "docs/choosing.md helps to decide.\n\n"
      "  muster plan configs/qsr.toml --task.data cifar-10-batches-bin --probe --out plans/first\n"
      "  muster plan configs/qsr_vit_b_4096_period4.toml --total every_step:26.7h --total qsr:20.2h\n"
      "  muster plan configs/qsr_vit_b_4096_period4.toml --step-time 0.748s --parameters 86381800 \\\n"
      "      --hosts 16 --network 25Gbit --spread 0.1 --failures 0.001 --restart 5min --price 2.5\n"
      "  muster plan --run runs/first --network 1Gbit --workers 1,10,100,1000\n",
      {{"help", "", "This page."},
       {"probe", "",
        "Train a few steps of the configuration here under three rules, and take the times from them."},
       {"probe-steps", "N", "Steps of each of these trainings. Default: 48."},
       {"launch",
        "WORDS",
        "The probe runs under `muster launch WORDS -- train ...`, such as '-n 2' or '--hosts hosts.txt': the "
        "real processes, machines and network.",
        {.any_word = true}},
       {"run", "FOLDER",
        "Take the times from a run's metrics, also for rules that depend on the run, and without "
        "CONFIG.toml its configuration."},
       {"total",
        "RULE:TIME",
        "The whole time of a run with this rule and configuration (every_step:26.7h, constant:8:20.3h); at "
        "least two, of different frequency.",
        {.repeats = true}},
       {"step-time", "TIME",
        "Time of one step of one worker (0.75s, 20ms), including the making of its batch."},
       {"parameters", "N", "Parameters of the model. Default: what a run or `muster models` reports."},
       {"hosts", "N",
        "Machines, joined by the network; the workers are spread evenly. Default: one for each."},
       {"apart", "",
        "The workers of a host are processes that send each for itself (one process for each worker and no "
        "comm.group_size)."},
       {"network", "BANDWIDTH", "Bandwidth of each host's link (100Mbit, 25Gbit)."},
       {"latency", "TIME", "Time of a message before its first byte (100us). Default: 100us."},
       {"message-time", "TIME", "A host's work with one message. Default: 5us."},
       {"workers", "K or K,K,...",
        "One number: run.workers. Several: the numbers for the scan. Default of the scan: 1 to 10,000."},
       {"spread", "NUMBER",
        "Standard deviation of the logarithm of a step's time: how unevenly workers run. Default: 0."},
       {"failures", "PER_HOUR", "Failures of one worker in an hour. Default: 0."},
       {"restart", "TIME", "Time from a failure until the run continues (90s, 5min). Default: 0."},
       {"price", "PER_HOUR", "Price of one host (with --hosts), otherwise of one worker."},
       {"periods", "H,H,...", "Periods to plan. Default: 2,4,8,16,32."},
       {"settings", "N", "How many settings of each rule to plan, about. Default: 5."},
       {"train-samples", "N", "Training samples of the data; needed if the run's length is given in epochs."},
       {"out", "FOLDER", "Write plan.json, report.html (curves) and recommended.toml there."},
       {"json", "", "One JSON object on standard output (docs/json.md)."}},
      {"run", "task", "schedule", "learning_rate", "comm", "checkpoint", "elastic", "async"}};
  return help;
}

}  // namespace muster::inline app
