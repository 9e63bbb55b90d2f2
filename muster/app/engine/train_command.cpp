#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "muster/app/commands.h"
#include "muster/app/configuration_json.h"
#include "muster/app/engine/commands.h"
#include "muster/app/engine/run_files_here.h"
#include "muster/app/engine/run_result.h"
#include "muster/app/engine/training.h"
#include "muster/app/make_schedule.h"
#include "muster/app/probe_text.h"
#include "muster/app/run_configuration.h"
#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/base/format.h"
#include "muster/base/log.h"
#include "muster/base/output.h"
#include "muster/comm/state_exchange.h"
#include "muster/schedule/preview.h"
#include "muster/task/autocast.h"
#include "muster/train/regrouping.h"
#include "muster/train/run_folder.h"
#include "muster/train/run_loop.h"

namespace muster {

namespace {

/// The folder that was asked for, or the first free one of runs/1, runs/2, ...
std::string choose_folder(const RunSection& run) {
  if (run.out) return *run.out;
  if (run.resume)
    throw OptionError("run.resume", "true", "needs run.out: the folder of the run to go on with");
  for (int64_t number = 1;; ++number) {
    const std::string folder = fmt::format("runs/{}", number);
    if (!std::filesystem::exists(folder)) return folder;
  }
}

/// What must be the same for a checkpoint to be gone on with: all but where and how fast the run works, how
/// it is watched, and how its length was said.
std::string fingerprint(const Training& training) {
  auto json = nlohmann::json::parse(configuration_json(training.configuration()));
  for (const char* key :
       {"threads", "out", "resume", "start_from", "start_from_optimizer", "epochs", "probe"})
    json["run"].erase(key);
  for (const char* key : {"interface", "slice_mib", "deadline"}) json["comm"].erase(key);
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
  const ScheduleOptions options = schedule_options(training.configuration());
  const auto schedule = make_schedule(options);
  if (std::holds_alternative<AdaptivePeriodOptions>(options) ||
      std::holds_alternative<LossDrivenOptions>(options))
    return fmt::format(
        "The rule '{}' chooses each period from what it measures in training, beginning with {} steps.",
        training.configuration().schedule.rule, training.configuration().schedule.base_period);
  const int64_t steps = training.length().steps;
  return sentence(
      preview(*schedule, make_learning_rate(training.configuration(), steps), steps, base_period(options)));
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
  print_log("{} on {}: {} parameters, {} workers on {} threads, batch {} each\n", *configuration.task.model,
            configuration.task.name, format_count(training.parameters()), *configuration.run.workers,
            *configuration.run.threads, configuration.task.batch);
  print_log("{} steps ({} an epoch) of {}, meeting by rule '{}'; files go to {}\n",
            format_count(length.steps), format_count(length.steps_per_epoch), configuration.inner.optimizer,
            configuration.schedule.rule, folder.path);
  for (const std::string& line : training.task().introduction()) print_log("{}\n", line);
  print_log("{}\n", schedule_sentence(training));
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
  print_log("stopped after step {} of {}; a checkpoint is written. Go on with:\n  {}\n", format_count(step),
            format_count(total), resume_command("train", folder));
}

void print_messages(const std::vector<std::string>& messages) {
  for (const auto& message : messages) print_log("{}\n", message);
}

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
  return {agreed.numbers.integer("already_finished") != 0, tensor_text(agreed.tensors.at("folder"))};
}

/// One process's whole run, from the group's first generation to its end.
class TrainRun {
 public:
  TrainRun(Training& training, bool json)
      : training_(training), json_(json), options_(loop_options(training)) {}

  /// Returns the exit code. Where somebody dies before an elastic run has begun, the others begin once more.
  int run() {
    while (true) {
      try {
        return training_.enters_a_run() ? enter() : begin_together();
      } catch (const LostPeer&) {
        if (under_way_ || !training_.elastic()) throw;
      }
      loop_.reset();
      regrouping_.reset();
      files_.reset();
      once_more_ = true;
      training_.join_again();
    }
  }

 private:
  int begin_together() {
    if (training_.leads()) open_folder();
    const Beginning beginning = agree_on_beginning(
        training_.group(),
        {files_ && files_->folder().already_finished, training_.configuration().run.out.value_or("")},
        training_.patience());
    if (beginning.already_finished) return show_finished();
    training_.set_out(beginning.folder);
    if (training_.leads()) introduce(training_, files_->folder());
    training_.build();
    make_loop();
    begin();
    return advance();
  }

  void open_folder() {
    const RunSection& run = training_.configuration().run;
    training_.set_out(choose_folder(run));
    files_.emplace(open_run_folder(*training_.configuration().run.out, run.resume || once_more_));
    print_messages(files_->folder().messages);
  }

  int show_finished() {
    if (files_ && json_)
      write_output(nlohmann::json::parse(read_file(files_->folder().path + "/summary.json")).dump() + "\n");
    return 0;
  }

  void make_loop() {
    RunPlace place{training_.averager(), training_.member(), nullptr, nullptr, nullptr, stop_};
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

  // Nothing is written before all that is read has been found good.
  void begin() {
    std::optional<Checkpoint> checkpoint;
    if (files_) checkpoint = files_->find_checkpoint(training_, options_.fingerprint);
    const RunSection& run = training_.configuration().run;
    if (!loop_->restore(checkpoint) && run.start_from)
      start_from_file(training_, *run.start_from, run.start_from_optimizer);
    if (files_) {
      files_->open(training_, checkpoint);
      loop_->write_to(files_->files());
    }
    if (!regrouping_) return;
    regrouping_->set_folder(*training_.configuration().run.out);
    regrouping_->begin();
  }

  /// A worker that comes back, or a new one.
  int enter() {
    training_.build();
    make_loop();
    if (!regrouping_->enter())
      throw LostPeer("the run that this process was to take part in holds no state; start it anew");
    training_.set_out(regrouping_->folder());
    print_log("taking part from step {} on, as one of {} processes\n",
              format_count(training_.method().step()), training_.group().size());
    return advance();
  }

  int advance() {
    under_way_ = true;
    while (true) {
      look_who_writes();
      const RunLoop::Ended ended = loop_->run();
      if (ended == RunLoop::Ended::regrouped) {
        tell_of_group();
        continue;
      }
      if (ended == RunLoop::Ended::stopped) return stopped();
      try {
        const NamedTensors model = loop_->finish();
        for (const std::string& line : training_.task().findings()) print_log("{}\n", line);
        if (files_) write_result(training_, files_->folder(), model, record_, json_);
        return 0;
      } catch (const LostPeer&) {
        if (!regrouping_) throw;
        regrouping_->regroup();
      }
    }
  }

  // Rank 0 of the present generation writes. Where its forerunner sleeps with the folder in its hands, nobody
  // does until it wakes or dies.
  void look_who_writes() {
    if (!regrouping_ || training_.leads() == files_.has_value()) return;
    if (files_) {
      files_.reset();
    } else {
      try {
        files_.emplace(open_run_folder(*training_.configuration().run.out, true));
        files_->take_over(training_);
      } catch (const FileError& error) {
        files_.reset();
        if (!std::exchange(told_of_folder_, true))
          print_log("{}; nothing is written until it is free\n", error.what());
      }
    }
    loop_->write_to(files_ ? files_->files() : nullptr);
  }

  void tell_of_group() {
    const int64_t number = training_.member()->generation().number;
    if (!training_.leads() || std::exchange(told_of_, number) == number) return;
    if (files_) files_->files()->progress.end();
    print_log("generation {}: {} of {} processes go on from step {}\n", number, training_.group().size(),
              training_.processes(), format_count(training_.method().step()));
  }

  int stopped() {
    const GroupMember* const member = training_.member();
    if (member && member->store_lost() && !stop_.requested())
      print_log(
          "the store of the run (its launcher, or rank 0) is gone, and without it no group can be made\n");
    if (files_) {
      files_->files()->progress.end();
      say_how_to_resume(files_->folder().path, training_.method().step(), training_.length().steps);
    }
    return 128 + (stop_.requested() ? stop_.signal() : SIGTERM);
  }

  Training& training_;
  bool json_;
  RunLoopOptions options_;
  StopSignal stop_;
  RunRecord record_;
  std::optional<RunFilesHere> files_;
  std::optional<Regrouping> regrouping_;
  std::optional<Probing> probing_;
  std::optional<RunLoop> loop_;
  bool under_way_ = false;
  bool once_more_ = false;  // somebody died before all had begun: the folder may hold what he wrote
  bool told_of_folder_ = false;
  int64_t told_of_ = 0;  // the generation that the user was told of last
};

}  // namespace

int run_train(const std::vector<std::string>& words) {
  std::signal(SIGXFSZ, SIG_IGN);  // a file at its size limit is a failed write like any other
  const TrainRequest request = read_train_request(words);
  Training training(request.configuration, request.place);
  training.join();
  return TrainRun(training, request.arguments.has("json")).run();
}

}  // namespace muster
