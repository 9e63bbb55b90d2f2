#include "muster/app/options/help.h"
#include "muster/app/options/printed_configuration.h"

namespace muster::inline app {

const CommandHelp& serve_help() {
  static const CommandHelp help = {
      "muster serve [CONFIG.toml] [--section.key value ...]",
      "The server of an asynchronous run: workers of any speed join and leave, each trains alone for a "
      "round, "
      "and "
      "what it\n"
      "brings is counted at once. run.steps counts the local steps of all workers together. What the server "
      "has\n"
      "acknowledged is on its disk: killed at any moment, it continues with --run.resume. Workers need the "
      "same\n"
      "configuration. Beyond this machine it asks for TLS and client certificates, or a token.\n\n"
      "  muster serve configs/async/delayed_nesterov.toml --run.out runs/async\n"
      "  muster serve configs/async/delayed_nesterov.toml --run.out runs/async --run.resume --serve.address "
      "0.0.0.0:7077 \\\n"
      "    --serve.certificate server.crt --serve.key server.key --serve.authority ca.crt\n",
      {help_flag,
       json_flag,
       print_config_flag,
       {"recover", "",
        "Continue although files of the server are damaged (implies --run.resume): drops what is damaged, "
        "and "
        "only "
        "that, and says which contributions it were."},
       {"replay", "",
        "Do not serve: repeat the events of the run in run.out (serve.keep_events) and check whether they "
        "lead "
        "to the bits that its server ended with."}},
      {"run", "task", "image", "text", "gpt", "clusters", "learning_rate", "inner", "comm", "async", "serve",
       "evaluation"}};
  return help;
}

const CommandHelp& work_help() {
  static const CommandHelp help = {
      "muster work ADDRESS [CONFIG.toml] [--section.key value ...]",
      "A worker of an asynchronous run: it fetches the parameters, trains for a round, sends what has "
      "changed, and again, until the server says that the run has ended. Without CONFIG.toml it asks the "
      "server "
      "for the configuration; keys that are given go before it, such as where this machine has the data. A "
      "CONFIG.toml must be the server's, except for paths. A worker that loses its server trains to "
      "the "
      "end of its round and sends its contribution late.\n\n"
      "  muster work 127.0.0.1:7077\n"
      "  muster work host:7077 --task.data /data/text.txt --serve.authority ca.crt --serve.certificate "
      "worker.crt --serve.key worker.key\n",
      {help_flag,
       {"name", "NAME", "Of this worker, for people. Default: host and process number."},
       {"least-step-seconds", "S", "Slows the worker down: a local step takes at least so long. Default: 0."},
       {"record", "FILE",
        "Append a line WORKER SEQUENCE VERSION for each contribution that the server has acknowledged."}},
      {"run", "task", "image", "text", "gpt", "clusters", "learning_rate", "inner", "comm", "async",
       "serve"}};
  return help;
}

const CommandHelp& status_help() {
  static const CommandHelp help = {
      "muster status ADDRESS [--every SECONDS] [--json]",
      "The state of an asynchronous run: its version, loss and staleness, what was counted and refused, and "
      "a "
      "table "
      "of its\n"
      "workers.\n\n"
      "  muster status 127.0.0.1:7077 --every 1\n",
      {help_flag,
       json_flag,
       {"every", "SECONDS", "Ask again and again until the run has ended (with --json: a line each time)."}},
      {"serve"}};
  return help;
}

}  // namespace muster::inline app
