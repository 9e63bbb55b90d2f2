#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "muster/app/commands/commands.h"
#include "muster/app/options/flag_reader.h"
#include "muster/app/options/help.h"
#include "muster/app/options/resolve.h"
#include "muster/app/processes/child_program.h"
#include "muster/app/processes/program.h"
#include "muster/app/reproduce/reproduction_list.h"
#include "muster/app/reproduce/reproduction_result.h"
#include "muster/app/reproduce/reproduction_tune.h"
#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/base/format.h"
#include "muster/base/log.h"
#include "muster/base/output.h"
#include "muster/choice/value.h"
#include "muster/report/html_text.h"

namespace muster::inline app {

namespace {

ReproduceRequest read_request(const Arguments& arguments, const std::vector<std::string>& words) {
  ReproduceRequest request;
  if (!arguments.positional.empty()) request.paper = arguments.positional.front();
  const FlagReader flags(arguments);
  if (!arguments.settings.empty())
    throw OptionError("--" + arguments.settings.front().name, shown(arguments.settings.front().text),
                      "has no use here: the claims say what is run (see --claims)");
  constexpr std::array<std::pair<std::string_view, bool>, 2> scales = {{{"small", false}, {"paper", true}}};
  request.paper_scale = flags.meaning("scale", scales).value_or(false);
  request.folder = arguments.flag("out").value_or("reproduction");
  request.data = arguments.flag("data");
  request.claims = arguments.flag("claims");
  request.hosts = arguments.flag("hosts");
  request.command = "muster reproduce";
  for (const std::string& word : words) request.command += " " + shell_quoted(word);
  request.jobs = request.hosts ? 1 : usable_cores();  // one training at a time uses all hosts
  request.jobs = flags.integer("jobs", 1, 1024).value_or(request.jobs);
  request.json = arguments.has("json");
  request.dry_run = arguments.has("dry-run");
  request.list = arguments.has("list");
  request.tune = arguments.has("tune");
  if (request.tune && (request.list || request.json))
    throw OptionError("--tune", "given",
                      "does not go with --list and --json: its result is OUT/settings.toml");
  return request;
}

int print_commands(const ReproductionPlan& plan, const ReproduceRequest& request) {
  double minutes = 0;
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  std::string text;
  for (const PlannedCommand& command : plan.commands) {
    minutes += command.minutes;
    list.push_back({{"name", command.name}, {"minutes", command.minutes}, {"words", command.words}});
    text += fmt::format("# {}, about {}\n{}\n", command.name, format_duration(60 * command.minutes),
                        command_text(command));
  }
  for (const PlannedClaim& claim : plan.claims)
    if (!claim.missing.empty()) {
      text += fmt::format("# {} is not testable here: needs {}\n", claim.claim->id, claim.missing);
      for (const std::string& command : claim.by_hand) text += fmt::format("#   {}\n", command);
    }
  text += fmt::format("# {} commands, about {} of one core in all\n", plan.commands.size(),
                      format_duration(60 * minutes));
  write_output(request.json ? list.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n"
                            : text);
  return 0;
}

int write_result(const ReproductionResult& result) {
  const ReproduceRequest& request = result.request;
  write_file_atomically(request.folder + "/reproduce.json", reproduction_json(result, 2) + "\n");
  write_file_atomically(request.folder + "/report.html", reproduction_page(result));
  write_output(request.json ? reproduction_json(result, -1) + "\n"
                            : printable(reproduction_text(result), "\n\t"));
  if (!request.json) print_log("\nThe page is {}/report.html\n", request.folder);
  const bool failed = std::any_of(result.claims.begin(), result.claims.end(), [](const auto& claim) {
    return claim.judgement.verdict == ClaimVerdict::failed;
  });
  return failed ? exit_error : 0;
}

int reproduce(const ReproduceRequest& request) {
  if (request.tune) return tune(request);
  const ReproductionPlan plan = plan_reproduction(request);
  if (request.list) {
    write_output(request.json ? reproduction_list_json(plan) : reproduction_list_text(plan));
    return 0;
  }
  if (request.dry_run) return print_commands(plan, request);
  make_folder(request.folder);
  const FolderClaim claim(request.folder);
  write_configurations(request.folder);
  HeldSignals signals;
  const FinishedCommands finished = run_commands(plan.commands, request, signals);
  if (const int signal = signals.asked_to_stop()) {
    print_log("stopped; finished runs are kept. Continue with the same command:\n  {}\n", request.command);
    return 128 + signal;
  }
  ReproductionResult result{request, plan, finished, {}};
  for (const PlannedClaim& planned : plan.claims)
    result.claims.push_back(judge_claim(planned, results_of(planned, plan, finished)));
  return write_result(result);
}

}  // namespace

const CommandHelp& reproduce_help() {
  static const CommandHelp help = {
      "muster reproduce [PAPER|all] [--scale small|paper] [--out FOLDER]",
      "Tests the claims of the papers. A row of reproduce/*.toml says what the paper claims, which commands\n"
      "of this program test it, and what is compared. Rows are of four kinds, counted separately: measured "
      "(holds,\n"
      "refuted or undecided, by Student's 99 % interval of paired differences over eight seeds or more),\n"
      "exact (a formula and the paper's number), arithmetic (a check of this program), and not testable\n"
      "here. Finished runs are kept while program, configuration and data stay the same: after Ctrl-C or a\n"
      "crash the same command continues. PAPER: qsr, adpsgd, slow_sde, async, local_sgd.\n\n"
      "  muster reproduce all --out reproduction\n"
      "  muster reproduce all --list\n"
      "  muster reproduce adpsgd --data ~/data\n"
      "  muster reproduce qsr --scale paper --dry-run\n",
      {{"help", "", "This page."},
       {"scale", "small|paper",
        "small: what two cores do in two hours. paper: the original's data and hardware; prints the "
        "commands, "
        "and runs them where these are there. Default: small."},
       {"out", "FOLDER",
        "reproduce.json, report.html (a page with all verdicts, pictures and commands), and runs/ with what "
        "was run. Default: reproduction."},
       {"data", "FOLDER",
        "Data sets that some claims ask for: tinyshakespeare.txt, cifar-10-batches-bin, w8a. Without them "
        "these are not testable here."},
       {"hosts", "FILE",
        "Hosts for runs of many workers (--scale paper), as muster launch takes them: HOST [slots=N] a "
        "line."},
       {"claims", "FOLDER", "Claims of your own, *.toml, in place of the program's."},
       {"jobs", "N", "Commands at a time. Default: one per core; with --hosts, 1."},
       {"list", "", "Print every row with its paper, kind, seeds and cost, and run nothing."},
       {"tune", "",
        "Look for the best setting of each arm over a grid, with other seeds than those of the verdicts, and "
        "write OUT/settings.toml. A grid whose best value is on its edge is extended."},
       {"dry-run", "", "Print the commands, and run nothing."},
       {"json", "", "One JSON object on standard output (docs/json.md)."}},
      {}};
  return help;
}

int reproduce_command(const Catalogue& catalogue, const std::vector<std::string>& words) {
  const Arguments arguments = parse_arguments(catalogue, words, reproduce_help().flags, 1);
  if (arguments.has("help")) {
    write_output(help_text(catalogue, reproduce_help()));
    return 0;
  }
  return reproduce(read_request(arguments, words));
}

}  // namespace muster::inline app
