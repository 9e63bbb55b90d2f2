#include "muster/app/help.h"

namespace muster {

namespace {

constexpr CommandFlag help_flag = {"help", "", "This page."};
constexpr CommandFlag json_flag = {"json", "", "One JSON object on standard output (docs/json.md)."};

}  // namespace

const CommandHelp& train_help() {
  static const CommandHelp help = {
      "muster train [CONFIG.toml] [--section.key value ...]",
      "Trains a model: every worker trains apart, and the workers meet when the schedule says so. Without "
      "any\n"
      "argument a small ResNet learns images made by a formula, in about a minute.\n\n"
      "  muster train --rule qsr --epochs 20 --out runs/first\n"
      "  muster train configs/qsr.toml --task.data cifar-10-batches-bin --seed 2\n",
      {help_flag,
       json_flag,
       {"print-config", "",
        "Write the resolved configuration as a commented TOML file and end (with --json: as JSON)."}},
      {"run", "task", "image", "text", "gpt", "schedule", "learning_rate", "inner", "outer", "evaluation",
       "checkpoint"}};
  return help;
}

const CommandHelp& evaluate_help() {
  static const CommandHelp help = {
      "muster evaluate MODEL.safetensors [--section.key value ...]",
      "Loss and accuracy of a model on the test data of a task.\n\n"
      "  muster evaluate runs/first/model.safetensors --task.name cifar10 --task.data cifar-10-batches-bin\n",
      {help_flag, json_flag},
      {"run", "task", "image", "text", "gpt", "evaluation"}};
  return help;
}

const CommandHelp& signature_help() {
  static const CommandHelp help = {
      "muster signature",
      "Runs a tiny fixed training of each method in double precision and prints a hash of each result: the "
      "same\n"
      "on every x86-64 machine. A hash that changes tells that the arithmetic of a method has changed.\n",
      {help_flag,
       json_flag,
       {"check", "FILE", "Compare with a file of signatures: exit code 1 where one is another or missing."}},
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

const CommandHelp& version_help() {
  static const CommandHelp help = {
      "muster version", "The version of this program.\n", {help_flag, json_flag}, {}};
  return help;
}

}  // namespace muster
