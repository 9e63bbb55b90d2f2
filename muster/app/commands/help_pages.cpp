#include "muster/app/options/help.h"
#include "muster/app/options/printed_configuration.h"

namespace muster::inline app {

namespace {

constexpr CommandFlag network_flag = {"network", "BANDWIDTH",
                                      "Predict the time on a network with this bandwidth (100Mbit, 1Gbit), "
                                      "each worker on its own machine: from "
                                      "bytes, rounds and the compute measured here."};
constexpr CommandFlag latency_flag = {
    "latency", "TIME",
    "What a message costs on that network before its first byte (100us, 1ms); "
    "default: 100us."};

}  // namespace

const CommandHelp& train_help() {
  static const CommandHelp help = {
      "muster train [CONFIG.toml] [--section.key value ...]",
      "Trains a model: every worker trains alone, and the workers average their models when the schedule "
      "says so. Without "
      "any\n"
      "argument a small ResNet learns images made by a formula, in about a minute.\n\n"
      "  muster train --rule qsr --epochs 20 --out runs/first\n"
      "  muster train configs/qsr.toml --task.data cifar-10-batches-bin --seed 2\n",
      {help_flag, json_flag, print_config_flag},
      {"run", "task", "image", "text", "gpt", "clusters", "schedule", "learning_rate", "inner", "outer",
       "comm", "elastic", "evaluation", "checkpoint"}};
  return help;
}

const CommandHelp& simulate_help() {
  static const CommandHelp help = {
      "muster simulate [CONFIG.toml] [--section.key value ...]",
      "Trains asynchronously in virtual time: workers of any speed around a server that takes each "
      "contribution as\n"
      "it comes. The server and the training are the real ones; only the clock is simulated, so that a run "
      "is the same\n"
      "to the bit wherever it is made. run.steps counts the local steps of all workers together.\n\n"
      "  muster simulate configs/async/delayed_nesterov.toml --seed 2\n"
      "  muster simulate --task.name clusters --run.steps 4000 --async.outer nesterov --async.local_steps "
      "20\n"
      "  muster simulate --no-training --run.workers 10000 --run.steps 50000000 --async.speed_spread 0.5\n",
      {help_flag,
       json_flag,
       {"no-training", "", "Only who arrives when: throughput, staleness and traffic of up to 10^4 workers."},
       {"replay", "FILE",
        "Give the server the events of a file that async.record wrote, and check whether it ends with the "
        "same bits; the configuration is the file's own."},
       print_config_flag},
      {"run", "task", "image", "text", "gpt", "clusters", "learning_rate", "inner", "async", "evaluation"}};
  return help;
}

const CommandHelp& evaluate_help() {
  static const CommandHelp help = {
      "muster evaluate MODEL.safetensors [--section.key value ...]",
      "Loss and accuracy of a model on the test data of a task.\n\n"
      "  muster evaluate runs/first/model.safetensors --task.name cifar10 --task.data cifar-10-batches-bin\n",
      {help_flag, json_flag},
      {"run", "task", "image", "text", "gpt", "clusters", "evaluation"}};
  return help;
}

const CommandHelp& probe_help() {
  static const CommandHelp help = {
      "muster probe MODEL.safetensors|CHECKPOINT [--probe WHAT] [--line OTHER]",
      "Probes a trained model: largest eigenvalue and trace of the Hessian of its training loss (with the "
      "trace's standard error), noise of its gradient, distance from its start; and the loss along the line "
      "to "
      "another model. During training: muster train ... --probe 'sharpness:every=10'.\n\n"
      "  muster probe runs/first/model.safetensors --probe 'sharpness:samples=2048,vectors=20;noise'\n"
      "  muster probe runs/first/model.safetensors --line runs/second/model.safetensors --points 21\n",
      {help_flag,
       json_flag,
       {"line", "OTHER", "A second model of the same shape: losses at places between the two."},
       {"points", "N", "Places on that line, both ends included. Default: 11."}},
      {"run", "task", "image", "text", "gpt", "clusters", "evaluation"}};
  return help;
}

const CommandHelp& sample_help() {
  static const CommandHelp help = {
      "muster sample MODEL.safetensors [--prompt TEXT] [--tokens N]",
      "Continues a text with a trained GPT, token by token; the same text for the same seed.\n\n"
      "  muster sample runs/first/model.safetensors --prompt 'ROMEO:' --tokens 400 --temperature 0.8\n",
      {help_flag,
       json_flag,
       {"prompt", "TEXT",
        "What to continue; token numbers (1,2,3) for a model of tokens. Default: a line break."},
       {"tokens", "N", "How many tokens to add. Default: 200."},
       {"temperature", "T", "Below 1: likely tokens more often; 0: always the likeliest. Default: 1."},
       {"top_k", "K", "Draw from the K likeliest tokens only; 0: from all. Default: 0."},
       {"seed", "S", "The text is a function of it. Default: 1."}},
      {"task", "text", "gpt"}};
  return help;
}

const CommandHelp& convert_help() {
  static const CommandHelp help = {
      "muster convert MODEL --to huggingface|hub|muster --out FOLDER",
      "Writes a GPT in another form, as FOLDER/model.safetensors. MODEL is a safetensors file or a folder "
      "with "
      "one.\n\n"
      "  muster convert runs/first/model.safetensors --to huggingface --out first_hf\n"
      "  muster convert gpt2 --to muster --out gpt2_muster\n",
      {help_flag,
       {"to", "FORM",
        "huggingface: as Transformers saves a GPT-2, with its config.json; hub: the same without "
        "'transformer.' in the names; muster: as a run writes it."},
       {"out", "FOLDER", "A new or empty folder for the files."}},
      {"task", "text", "gpt"}};
  return help;
}

const CommandHelp& signature_help() {
  static const CommandHelp help = {
      "muster signature",
      "Runs a tiny fixed training of each method, in one process, between ranks, over links and around a "
      "server, "
      "and prints a hash of each result: the same\n"
      "on every x86-64 machine. A changed hash means that the arithmetic of a method has changed.\n",
      {help_flag,
       json_flag,
       {"check", "FILE", "Compare with a file of signatures: exit code 1 where one is another or missing."}},
      {}};
  return help;
}

const CommandHelp& models_help() {
  static const CommandHelp help = {
      "muster models",
      "Lists the models that task.model knows: their parameters, counted from the networks themselves, the "
      "input they\n"
      "are counted for, and the paper they come from.\n",
      {help_flag, json_flag},
      {}};
  return help;
}

const CommandHelp& schedule_help() {
  static const CommandHelp help = {
      "muster schedule [CONFIG.toml] --run.steps N [--section.key value ...]",
      "Previews a schedule without training: how many rounds, how long they are, where the period leaves its "
      "base.\n"
      "The rules adaptive and loss listen to a run and are previewed by replaying its metrics.\n\n"
      "  muster schedule --run.steps 10000 --rule qsr --peak 0.1 --growth 0.1\n"
      "  muster schedule --run.steps 1560 --rule adaptive --replay runs/first\n",
      {help_flag,
       json_flag,
       {"csv", "FILE", "Write every round to a file: start,period,learning_rate."},
       {"replay", "FILE", "metrics.jsonl of a run (or its folder), for the rules adaptive and loss."}},
      {"run", "task", "schedule", "learning_rate"}};
  return help;
}

const CommandHelp& compare_help() {
  static const CommandHelp help = {
      "muster compare CONFIG.toml [--arm \"NAME: key=value ...\" ...] [--seeds N] [--out DIR] [--section.key "
      "value ...]",
      "Trains every arm with every seed and compares them: quality with its spread, rounds, bytes, time, and "
      "a page\n"
      "with charts. An arm is an [[arm]] table of the file (name = \"qsr\", and what it changes) or an "
      "--arm. Per seed,\n"
      "all arms begin with the same weights and see the same order of data; data that are made (generated, "
      "clusters, markov) are the same for all "
      "seeds. Finished runs are kept: after "
      "Ctrl-C, a\n"
      "crash or with more arms and seeds, the same command continues.\n\n"
      "  muster compare configs/demo.toml --seeds 3 --out runs/demo --network 1Gbit --latency 100us\n"
      "  muster compare configs/qsr.toml --arm \"qsr: rule=qsr\" --arm \"constant: rule=constant "
      "base_period=8\"\n",
      {help_flag,
       json_flag,
       print_config_flag,
       {"arm", "\"NAME: key=value ...\"", "One more arm; may be given several times.", {.repeats = true}},
       {"seeds", "N", "Seeds of each arm: run.seed, run.seed + 1, ...; default: 1."},
       {"out", "DIR",
        "Folder of the comparison: DIR/ARM/seed-N, comparison.json, report.html; default: runs/ and the "
        "file's name."},
       {"margin", "POINTS",
        "Say of each arm whether it is no worse than the first one by more than so many points of test "
        "accuracy (for text: so much loss): holds, refuted or undecided, by the 99 % interval of the "
        "differences seed by seed. Needs --seeds 8 or more."},
       network_flag,
       latency_flag},
      {"run", "task", "image", "text", "gpt", "clusters", "schedule", "learning_rate", "inner", "outer",
       "comm", "elastic", "evaluation", "checkpoint"}};
  return help;
}

const CommandHelp& report_help() {
  static const CommandHelp help = {
      "muster report RUN_DIR... [--out FILE]",
      "Writes one HTML page about runs that were trained before, finished or not: the answer and its table, "
      "charts of\n"
      "the training, where the time went, the settings that differ, the commands to do it again. It opens "
      "without a\n"
      "network. A RUN_DIR is the folder of a run, or a folder that holds runs, however deep, such as a "
      "comparison's or runs itself. Runs of different tasks are not called better or worse than each "
      "other.\n\n"
      "  muster report runs/demo\n"
      "  muster report runs/1 runs/2 --out both.html --network 1Gbit\n",
      {help_flag,
       json_flag,
       {"out", "FILE", "The page; default: report.html in RUN_DIR, or here where there are several."},
       network_flag,
       latency_flag},
      {}};
  return help;
}

const CommandHelp& launch_help() {
  static const CommandHelp help = {
      "muster launch -n N [--hosts FILE] [--min-workers M] [--restarts R] -- COMMAND ...",
      "Starts N processes of a run, here or on several hosts, and watches them. After -- follows a "
      "command\n"
      "of muster or any other program. Rank 0's output is shown as it is, the other ranks' lines begin with "
      "[rank 3].\n"
      "Ctrl-C, SIGTERM and SIGHUP are passed on to all; a second one kills. The exit code is that of the "
      "first process that\n"
      "failed, 128 + signal where one was killed. docs/clusters.md has more.\n\n"
      "  muster launch -n 4 -- train configs/qsr.toml --run.out runs/four\n"
      "  muster launch --hosts hosts.txt -- train configs/qsr.toml --run.out runs/cluster\n"
      "  muster launch -n 2 -- python3 my_script.py\n",
      {help_flag,
       {"processes",
        "N",
        "Also -n N. How many processes; default with --hosts: as many as the hosts have slots.",
        {.letter = "n"}},
       {"hosts", "FILE", "Lines `HOST slots=4` or `HOST:4`, filled in their order; # begins a comment."},
       {"min-workers", "M",
        "Elastic from N down to M: the run bears the death of processes as long as so many are left. "
        "Default: N."},
       {"restarts", "R",
        "In an elastic run: how often a process that died is started again, after 0.5 s to 8 s. Default: 0."},
       {"deadline", "SECONDS",
        "A process that sends no sign of life for this long counts as dead for the others. Default: 10."},
       {"grace", "SECONDS",
        "Between asking the processes to end and killing them; they write a checkpoint. Default: 30."},
       {"address", "ADDRESS",
        "Of this machine, as the hosts reach it. Default: 127.0.0.1, or with other hosts the one that faces "
        "the first of them."},
       {"port", "PORT",
        "Of this machine, where the processes find each other (for a firewall). Default: any free one."},
       {"ssh", "COMMAND",
        "The remote shell: gets a host and a command. Default: ssh -o BatchMode=yes -o "
        "ServerAliveInterval=10."},
       {"log-dir", "DIR",
        "The output of ranks other than 0 goes to DIR/rank-3.log instead; when one fails, its last lines are "
        "shown."},
       {"dry-run", "", "Show which rank would run where, and end."}},
      {}};
  return help;
}

const CommandHelp& chaos_help() {
  static const CommandHelp help = {
      "muster chaos [--kills N] [--stops N] ... -- muster launch ... -- train ...",
      "Starts an elastic run of several processes and disturbs it by a plan that follows from --seed: one "
      "thing after\n"
      "the other, each as soon as all processes are back. Then reports whether the run survived all of it: "
      "recovery within\n"
      "3 deadlines, every step done, replicas equal (run.verify is switched on), loss as without. Exit code "
      "1 when\n"
      "something did not hold. The folder of the run must be new. docs/elastic.md says what happens.\n\n"
      "  muster chaos --kills 20 --pairs 3 -- muster launch -n 4 --min-workers 2 --restarts 50 -- train "
      "configs/qsr.toml\n"
      "  muster chaos --stops 2 --slows 1 --baseline 5 -- muster launch -n 3 --min-workers 1 -- train\n",
      {help_flag,
       json_flag,
       {"seed", "S", "The plan is a function of it. Default: 1."},
       {"kills", "N",
        "kill -9, every third aimed at a meeting. Default: 3, or 0 where something else is asked for."},
       {"pairs", "N",
        "So many of the kills hit two ranks, at once or while the others form their group. Default: 0."},
       {"stops", "N", "SIGSTOP for longer than the deadline, then SIGCONT. Default: 0."},
       {"slows", "N", "A rank runs 30 % of the time for 2 to 5 s; it must not count as dead. Default: 0."},
       {"cuts", "N",
        "A rank's link goes down for --stop-seconds; needs ranks in network namespaces, and root. Default: "
        "0."},
       {"device", "NAME", "That cuts take down. Default: the only one of the namespace besides lo."},
       {"every", "SECONDS", "Mean pause between two disturbances. Default: 2."},
       {"stop-seconds", "SECONDS", "How long stops and cuts last. Default: 1.5 deadlines."},
       {"baseline", "N",
        "Runs so many undisturbed first, with the seeds run.seed + 1, ..., and compares the loss. Default: "
        "0."}},
      {}};
  return help;
}

const CommandHelp& completion_help() {
  static const CommandHelp help = {
      "muster completion bash|zsh|fish|man",
      "Writes a script that completes commands, flags, keys and their words in a shell, or the manual page. "
      "cmake --install puts all of them where shells and man look for them.\n\n"
      "  muster completion bash > ~/.local/share/bash-completion/completions/muster\n"
      "  muster completion zsh > ~/.zfunc/_muster\n"
      "  muster completion fish > ~/.config/fish/completions/muster.fish\n",
      {help_flag},
      {}};
  return help;
}

const CommandHelp& version_help() {
  static const CommandHelp help = {
      "muster version", "The version of this program.\n", {help_flag, json_flag}, {}};
  return help;
}

}  // namespace muster::inline app
