#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "muster/app/commands/commands.h"
#include "muster/app/keys/configuration_json.h"
#include "muster/app/keys/make_schedule.h"
#include "muster/app/options/probe_text.h"
#include "muster/app/options/probe_times.h"
#include "muster/app/options/quota_sentence.h"
#include "muster/app/options/run_configuration.h"
#include "muster/app/processes/wait_report.h"
#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/base/format.h"
#include "muster/base/log.h"
#include "muster/base/output.h"
#include "muster/checkpoint/run_folder.h"
#include "muster/comm/state_exchange.h"
#include "muster/engine/chosen_folder.h"
#include "muster/engine/commands.h"
#include "muster/engine/result_duty.h"
#include "muster/engine/training.h"
#include "muster/report/answer.h"
#include "muster/schedule/preview.h"
#include "muster/task/models/autocast.h"
#include "muster/train/regrouping.h"
#include "muster/train/run_loop.h"

namespace muster::inline engine {

namespace {

/// What must be the same for a checkpoint to be resumed: all but where and how fast the run works, how it is
/// watched, and in which unit its length was given.
std::string fingerprint(const Training& training) {
  auto json = nlohmann::json::parse(configuration_json(training.catalogue(), training.configuration()));
  for (const char* key :
       {"threads", "out", "resume", "start_from", "start_from_optimizer", "epochs", "probe"})
    json["run"].erase(key);
  for (const char* key : {"links", "interface", "slice_mib", "deadline"}) json["comm"].erase(key);
  json["run"]["steps"] = training.length().steps;
  for (const char* place : {"data", "test_data"}) json["task"].erase(place);
  for (const char* of_servers : {"async", "serve"}) json.erase(of_servers);
  json.erase("evaluation");
  json.erase("checkpoint");
  json["parameters"] = training.parameters();
  json["training_samples"] = training.task().train_size();
  for (const auto& [use, content] : training.data_content()) json["data"][use] = content;
  return json.dump();
}

/// One sentence on the schedule; nothing for rules whose periods follow from the training itself.
std::string schedule_sentence(const Training& training) {
  const ChosenRule rule = chosen_rule(training.catalogue(), training.configuration());
  if (rule.kind.wants_divergence || rule.kind.wants_loss)
    return fmt::format(
        "The rule '{}' chooses each period from what it measures in training, beginning with {} steps.",
        rule.kind.name, rule.period_of_preview().value_or(1));
  const int64_t steps = training.length().steps;
  const LearningRate rate = make_learning_rate(training.catalogue(), training.configuration(), steps);
  return sentence(preview(*rule.make(), rate, steps, rule.period_of_preview()));
}

void tell_speed_of_bf16() {
  const double speed_up = bf16_speed_up();
  if (speed_up >= 1) return print_log("bf16 products are {:.1f} times as fast as fp32 here.\n", speed_up);
  print_log(
      "bf16 products take {:.1f} times as long as fp32 on this processor: bf16 saves memory here, not "
      "time.\n",
      1 / speed_up);
}

void introduce(const Training& training, const RunFolder& folder) {
  const Configuration& configuration = training.configuration();
  const RunLength& length = training.length();
  print_log("{} on {}: {} parameters, {} on {}, batch {} each\n", configuration.task.model,
            configuration.task.name, format_count(training.parameters()),
            plural(static_cast<size_t>(*configuration.run.workers), "worker"),
            plural(static_cast<size_t>(*configuration.run.threads), "thread"), configuration.task.batch);
  if (const GroupMember* member = training.member(); member && member->links())
    print_log("{} processes, comm.links = {}\n", training.processes(), name_of(*member->links()));
  print_log("{} steps ({} an epoch) of {}, meeting by rule '{}'; files go to {}\n",
            format_count(length.steps), format_count(length.steps_per_epoch), configuration.inner.optimizer,
            configuration.schedule.rule, folder.path);
  for (const std::string& line : training.task().introduction()) print_log("{}\n", line);
  constexpr double large = 1e9;
  if (training.memory().total() > large)
    print_log("about {} of memory a process; the initial weights are drawn first\n",
              format_bytes(training.memory().total()));
  print_log("{}\n", schedule_sentence(training));
  if (const auto quota = quota_sentence()) print_log("{}\n", *quota);
  if (configuration.run.precision == "bf16") tell_speed_of_bf16();
}

RunLoopOptions loop_options(const Training& training) {
  const Configuration& configuration = training.configuration();
  RunLoopOptions options;
  options.total_steps = training.length().steps;
  options.steps_per_epoch = training.length().steps_per_epoch;
  options.samples_per_step = *configuration.run.workers * configuration.task.batch;
  options.evaluate_every = *configuration.evaluation.every;
  options.evaluate_between_meetings =
      configuration.evaluation.between_meetings && !training.sampler_of_elastic_run();
  options.checkpoint_every = configuration.checkpoint.every;
  options.fingerprint = fingerprint(training);
  options.patience = training.patience();
  options.verify_every = configuration.run.verify ? configuration.run.verify_every : 0;
  options.checkpoint_between_meetings = !training.sampler_of_elastic_run();
  return options;
}

/// How to go on with a stopped run: its own resolved configuration stands in its folder.
void say_how_to_resume(const std::string& folder, int64_t step, int64_t total) {
  print_log("stopped after step {} of {}; a checkpoint is written. Resume with:\n  {}\n", format_count(step),
            format_count(total), resume_command("train", folder));
}

void print_messages(const std::vector<std::string>& messages) {
  for (const auto& message : messages) print_log("{}\n", message);
}

constexpr int exit_error = 2;

/// What rank 0 decides for all processes that begin together.
struct Beginning {
  bool already_finished = false;
  std::string folder;
};

Beginning agree_on_beginning(Communicator& group, const Beginning& mine, std::chrono::milliseconds patience) {
  State state;
  state.numbers.set("already_finished", int64_t{mine.already_finished});
  state.tensors["folder"] = text_tensor(mine.folder);
  const std::vector<State> states(static_cast<size_t>(group.size()), state);
  const State agreed = scatter_states(group, states, 0, deadline_in(patience));
  return {agreed.numbers.integer("already_finished") != 0, tensor_text(agreed.tensors.at("folder").values)};
}

/// One process's whole run, from the group's first generation to its end.
class TrainRun {
 public:
  TrainRun(Training& training, bool json)
      : training_(training), json_(json), options_(loop_options(training)), duty_(training, record_) {}

  /// Returns the exit code. Where a process dies before an elastic run has begun, the others begin again.
  /// Where all processes that held the run's state died, the rest begin together from its last checkpoint.
  int run() {
    while (true) {
      try {
        if (const auto code = training_.enters_a_run() ? enter() : begin_together()) return *code;
        forget();
        continue;
      } catch (const LostPeer&) {
        if (duty_.is_done()) return 0;
        if (under_way_ || !training_.elastic()) throw;
        if (const auto failed = duty_.failed()) throw Error(*failed);
      } catch (const Error& error) {
        if (ends_the_run(error)) duty_.say_failed(error.what());
        throw;
      }
      forget();
      training_.join_again();
    }
  }

 private:
  void forget() {
    loop_.reset();
    regrouping_.reset();
    duty_.close();
    probing_.reset();
    record_ = RunRecord();
    under_way_ = false;
  }

  /// Nothing is returned where the run must begin again, in the group that stands.
  std::optional<int> begin_together() {
    if (training_.leads()) open_folder();
    const Beginning beginning =
        agree_on_beginning(training_.group(),
                           {duty_.writes() && duty_.files()->folder().already_finished,
                            training_.configuration().run.out.value_or("")},
                           training_.patience());
    if (beginning.already_finished) return show_finished();
    training_.set_out(beginning.folder);
    if (training_.leads()) introduce(training_, duty_.files()->folder());
    training_.build();
    make_loop();
    begin();
    return advance();
  }

  // A run that has begun before under this launcher goes on in its folder.
  void open_folder() {
    const RunSection& run = training_.configuration().run;
    const std::optional<std::string> begun = duty_.begun_folder();
    training_.set_out(begun ? *begun : chosen_folder(run));
    duty_.open(*training_.configuration().run.out, run.resume || begun);
    print_messages(duty_.files()->folder().messages);
  }

  int show_finished() {
    if (duty_.writes() && json_)
      write_output(nlohmann::json::parse(read_file(duty_.files()->folder().path + "/summary.json")).dump() +
                   "\n");
    return 0;
  }

  void make_loop() {
    RunPlace place{
        training_.averager(), training_.member(), nullptr, nullptr, duty_.ledger(), nullptr, stop_};
    if (const auto& probes = training_.configuration().run.probe) {
      probing_.emplace(
          training_.task(), parse_probes(*probes, "run.probe"), training_.configuration().task.batch,
          static_cast<uint64_t>(training_.configuration().run.seed), starting_parameters(training_));
      place.probing = &*probing_;
    }
    if (training_.sampler_of_elastic_run()) {
      regrouping_.emplace(RegroupingParts{*training_.member(), training_.averager(), training_.method(),
                                          *training_.sampler_of_elastic_run(), record_});
      place.regrouping = &*regrouping_;
    }
    loop_.emplace(training_.method(), training_.evaluation(), record_, place, options_);
  }

  // Nothing is written before all inputs have been read and checked.
  void begin() {
    std::optional<Checkpoint> checkpoint;
    if (duty_.writes()) checkpoint = duty_.files()->find_checkpoint(training_, options_.fingerprint);
    const RunSection& run = training_.configuration().run;
    if (!loop_->restore(checkpoint) && run.start_from)
      start_from_file(training_, *run.start_from, run.start_from_optimizer);
    if (duty_.writes()) duty_.files()->open(training_, checkpoint);
    if (!regrouping_) return;
    regrouping_->set_folder(*training_.configuration().run.out);
    regrouping_->begin();
  }

  /// Joins a run that is under way, as a worker that returns or a new one.
  std::optional<int> enter() {
    training_.build();
    make_loop();
    const Regrouping::Outcome outcome = regrouping_->enter();
    if (outcome == Regrouping::Outcome::begins_again) return std::nullopt;
    if (outcome == Regrouping::Outcome::no_store)
      throw LostPeer("the store of the run is gone, and this process has not received the run's state");
    training_.set_out(regrouping_->folder());
    print_log("taking part from step {} on, as one of {} processes\n",
              format_count(training_.method().step()), training_.group().size());
    return advance();
  }

  // A process ends successfully only when the result is on the disk, whichever process wrote it.
  std::optional<int> advance() {
    under_way_ = true;
    while (true) {
      bool settled = false;
      try {
        settled = settle_files();
        if (settled) {
          const RunLoop::Ended ended = loop_->run();
          if (ended == RunLoop::Ended::begins_again) return std::nullopt;
          if (ended == RunLoop::Ended::stopped) return stopped();
          if (ended == RunLoop::Ended::regrouped) tell_of_group();
          if (ended != RunLoop::Ended::finished) continue;
          deliver();
          return 0;
        }
      } catch (const LostPeer&) {
        if (!regrouping_ || regrouping_->alone() || duty_.is_done()) throw;
      }
      // Where only settling the files failed, the group stands, and is kept without a store.
      const Regrouping::Outcome outcome = regrouping_->regroup();
      if (outcome == Regrouping::Outcome::begins_again) return std::nullopt;
      if (outcome == Regrouping::Outcome::no_store && settled) regrouping_->go_alone();
    }
  }

  void deliver() {
    const NamedTensors model = loop_->finish();
    for (const std::string& line : training_.task().findings()) print_log("{}\n", line);
    if (training_.leads()) print_messages(probes_never_due(training_.configuration(), record_.rounds));
    duty_.deliver(model, json_, loop_->why_unwritten());
  }

  // False where a new group is needed, so that the others learn that this process cannot write.
  bool settle_files() {
    const std::string why = loop_->why_unwritten();
    const bool settled = why.empty() ? duty_.settle() : duty_.write_anew(why);
    loop_->write_to(duty_.open_files());
    return settled;
  }

  void tell_of_group() {
    const int64_t number = training_.member()->generation().number;
    if (!training_.leads() || std::exchange(told_of_, number) == number) return;
    if (duty_.writes()) duty_.open_files()->progress.end();
    print_log("generation {}: {} of {} processes continue from step {}\n", number, training_.group().size(),
              training_.processes(), format_count(training_.method().step()));
  }

  int stopped() {
    const GroupMember* const member = training_.member();
    const bool without_store = member && member->store_gone() && !stop_.requested();
    if (without_store)
      print_log(
          "the store of the run (its launcher, or rank 0) is gone, and without it no group can be made\n");
    if (duty_.writes()) {
      duty_.open_files()->progress.end();
      if (!loop_->why_unwritten().empty())
        throw FileError(
            fmt::format("stopped after step {}, but {}", training_.method().step(), loop_->why_unwritten()));
      say_how_to_resume(duty_.files()->folder().path, training_.method().step(), training_.length().steps);
    }
    if (without_store) return exit_error;
    return 128 + (stop_.requested() ? stop_.signal() : SIGTERM);
  }

  /// Whether no process can go on after this error.
  bool ends_the_run(const Error& error) {
    return dynamic_cast<const NonFiniteError*>(&error) != nullptr || (!under_way_ && training_.leads());
  }

  Training& training_;
  bool json_;
  RunLoopOptions options_;
  StopSignal stop_;
  RunRecord record_;
  ResultDuty duty_;
  std::optional<Regrouping> regrouping_;
  std::optional<Probing> probing_;
  std::optional<RunLoop> loop_;
  bool under_way_ = false;
  int64_t told_of_ = 0;  // the generation that was reported to the user last
};

}  // namespace

int run_train(const Catalogue& catalogue, const std::vector<std::string>& words) {
  std::signal(SIGXFSZ, SIG_IGN);  // a file at its size limit is a failed write like any other
  const TrainRequest request = read_train_request(catalogue, words);
  Training training(catalogue, request.configuration, request.place);
  std::optional<WaitReporter> reporter;  // alone there is nobody to wait for
  if (request.place.store != Place::Store::none) reporter.emplace(training.waits());
  training.join();
  return TrainRun(training, request.arguments.has("json")).run();
}

}  // namespace muster::inline engine
