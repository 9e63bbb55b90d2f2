#include "muster/app/reproduce/reproduction_runs.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "muster/app/processes/child_pool.h"
#include "muster/app/processes/engine_program.h"
#include "muster/app/reproduce/reproduction_key.h"
#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/base/format.h"
#include "muster/base/log.h"
#include "muster/base/sealed_json.h"
#include "muster/base/stopwatch.h"

namespace muster::inline app {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

std::string own_path() {
  std::error_code problem;
  const auto self = fs::read_symlink("/proc/self/exe", problem);
  if (problem) throw Error("cannot find the path of this program (/proc/self/exe): " + problem.message());
  return self.string();
}

std::string last_line_of_file(const std::string& path) {
  if (!is_there(path)) return {};
  std::string text = read_file(path);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.substr(text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1);
}

/// The first key of run.json.
constexpr std::string_view checksum_key = "xxh64";

/// One command's folder OUT/runs/NAME.
class RunFolder {
 public:
  RunFolder(const std::string& out, const PlannedCommand& command, ResultKeys& keys)
      : command_(command),
        path_(fmt::format("{}/runs/{}", out, command.name)),
        identity_({{"words", command.kept_by}, {"made_of", keys.of(command)}}) {}

  std::string output() const { return path_ + "/output"; }
  std::string errors() const { return path_ + "/errors"; }

  /// The result of the same command from an earlier call.
  std::optional<FinishedCommand> kept() const {
    if (!is_there(path_ + "/run.json")) return std::nullopt;
    const std::string text = read_file(path_ + "/run.json");
    const Json json = Json::parse(text, nullptr, false);
    if (json.is_discarded() || !json.contains("result") || !same(json)) return std::nullopt;
    if (seal_of(text, checksum_key) == Seal::broken) return std::nullopt;  // damaged: done again
    return FinishedCommand{json.value("seconds", 0.0), json["result"].dump(), ""};
  }

  /// Makes the folder, and empties it unless the same command can resume there.
  void prepare() const {
    std::error_code problem;
    const bool goes_on = command_.resumes && begun();
    if (!goes_on) fs::remove_all(path_, problem);
    if (problem) throw FileError(fmt::format("cannot clear the folder '{}': {}", path_, problem.message()));
    fs::create_directories(path_, problem);
    if (problem) throw FileError(fmt::format("cannot make the folder '{}': {}", path_, problem.message()));
    write_file_atomically(path_ + "/begun.json", identity_.dump() + "\n");
  }

  /// Keeps the result of a command that has ended well. Throws DataError when it printed no JSON.
  FinishedCommand keep(double seconds) const {
    Json result = Json::parse(read_file(output()), nullptr, false);
    if (result.is_discarded()) throw DataError("it printed something that is no JSON");
    Json json = identity_;
    json["seconds"] = seconds;
    json["result"] = result;
    write_file_atomically(path_ + "/run.json", sealed(json.dump(2) + "\n", checksum_key));
    return {seconds, result.dump(), ""};
  }

 private:
  bool same(const Json& json) const {
    return json.contains("words") && json["words"] == identity_["words"] && json.contains("made_of") &&
           json["made_of"] == identity_["made_of"];
  }
  bool begun() const {
    if (!is_there(path_ + "/begun.json")) return false;
    const Json json = Json::parse(read_file(path_ + "/begun.json"), nullptr, false);
    return !json.is_discarded() && same(json);
  }

  const PlannedCommand& command_;
  std::string path_;
  Json identity_;  ///< the key of a kept result
};

/// Starts commands while jobs are free, and reports progress.
class Runner {
 public:
  Runner(const std::vector<PlannedCommand>& commands, const ReproduceRequest& request, HeldSignals& signals)
      : commands_(commands),
        request_(request),
        signals_(signals),
        program_(own_path()),
        keys_(program_),
        started_(commands.size()) {}

  FinishedCommands run() {
    take_kept();
    ChildPool pool(signals_);
    while (signals_.asked_to_stop() == 0 && (next_ < todo_.size() || pool.running() > 0)) {
      while (next_ < todo_.size() && static_cast<int64_t>(pool.running()) < request_.jobs)
        start(pool, todo_[next_++]);
      tell_live();
      if (const auto ended = pool.wait(live_ ? 1 : 30)) end(*ended);
    }
    clear_live();
    pool.stop();
    return std::move(finished_);
  }

 private:
  void take_kept() {
    for (size_t i = 0; i < commands_.size(); ++i) {
      if (auto kept = RunFolder(request_.folder, commands_[i], keys_).kept()) {
        note_speed(commands_[i], kept->seconds);
        finished_[commands_[i].name] = *std::move(kept);
      } else {
        todo_.push_back(static_cast<int>(i));
      }
    }
    if (!finished_.empty())
      print_log("{} of {} runs were finished before and are kept\n", finished_.size(), commands_.size());
  }

  void start(ChildPool& pool, int number) {
    const PlannedCommand& command = commands_[static_cast<size_t>(number)];
    const RunFolder folder(request_.folder, command, keys_);
    folder.prepare();
    std::vector<std::string> words = {program_};
    words.insert(words.end(), command.words.begin(), command.words.end());
    pool.start(number, words, folder.output(), folder.errors());
    started_[static_cast<size_t>(number)] = watch_.seconds();
    running_.push_back(number);
    say(fmt::format("{} begins{}", command.name, time_left()));
  }

  void end(const ChildPool::Ended& ended) {
    const auto number = static_cast<size_t>(ended.number);
    const PlannedCommand& command = commands_[number];
    const double seconds = watch_.seconds() - started_[number];
    std::erase(running_, ended.number);
    if (signals_.asked_to_stop() != 0) return;
    const RunFolder folder(request_.folder, command, keys_);
    FinishedCommand& done = finished_[command.name];
    done.seconds = seconds;
    try {
      if (ended.code == 0)
        done = folder.keep(seconds);
      else
        done.failure = reason(ended.code, folder);
    } catch (const Error& error) {
      done.failure = error.what();
    }
    if (done.failure.empty()) note_speed(command, seconds);
    say(done.failure.empty() ? fmt::format("{} ended after {}", command.name, format_duration(seconds))
                             : fmt::format("{} failed: {}", command.name, done.failure));
  }

  static std::string reason(int code, const RunFolder& folder) {
    if (code > 128) return fmt::format("signal {} ended it ({})", code - 128, ::strsignal(code - 128));
    const std::string line = last_line_of_file(folder.errors());
    return line.empty() ? fmt::format("exit code {}", code) : line;
  }

  void note_speed(const PlannedCommand& command, double seconds) {
    estimated_ += 60 * command.minutes;
    measured_ += seconds;
  }

  /// From the minutes that the claims state, by the speed seen so far; what has run for a few minutes only
  /// says little of the rest.
  std::string time_left() const {
    constexpr double trusted = 600;  // seconds for which the stated minutes stand against those measured
    const double speed = (measured_ + trusted) / (estimated_ + trusted);
    double left = 0, longest = 0;
    const auto add = [&](int number, double spent) {
      const double all = 60 * speed * commands_[static_cast<size_t>(number)].minutes;
      left += std::max(all - spent, 0.0);
      longest = std::max(longest, all - spent);
    };
    for (size_t i = next_; i < todo_.size(); ++i) add(todo_[i], 0);
    for (const int number : running_) add(number, watch_.seconds() - started_[static_cast<size_t>(number)]);
    const double wall = std::max(longest, left / static_cast<double>(request_.jobs));
    return wall < 1 ? "" : fmt::format(" (about {} left in all)", format_duration(std::max(1.0, wall)));
  }

  void say(const std::string& text) {
    clear_live();
    print_log("[{}/{}] {}\n", finished_.size(), commands_.size(), text);
  }

  void tell_live() {
    if (!live_) return;
    std::string names;
    for (const int number : running_)
      names += (names.empty() ? "" : ", ") + commands_[static_cast<size_t>(number)].name;
    print_log("\r\033[K[{}/{}] {}{}", finished_.size(), commands_.size(), names, time_left());
  }

  void clear_live() const {
    if (live_) print_log("\r\033[K");
  }

  const std::vector<PlannedCommand>& commands_;
  const ReproduceRequest& request_;
  HeldSignals& signals_;
  std::string program_;
  ResultKeys keys_;
  Stopwatch watch_;
  std::vector<double> started_;
  std::vector<int> todo_, running_;
  size_t next_ = 0;
  FinishedCommands finished_;
  double estimated_ = 0, measured_ = 0;
  const bool live_ = ::isatty(STDERR_FILENO) == 1;
};

}  // namespace

FinishedCommands run_commands(const std::vector<PlannedCommand>& commands, const ReproduceRequest& request,
                              HeldSignals& signals) {
  prepare_numeric_libraries();
  return Runner(commands, request, signals).run();
}

ClaimResults results_of(const PlannedClaim& claim, const ReproductionPlan& plan,
                        const FinishedCommands& finished) {
  ClaimResults all;
  for (const std::string& run : runs_of(*claim.test)) {
    for (const PlannedCommand& command : plan.commands) {
      if (command.run != run) continue;
      const auto found = finished.find(command.name);
      if (found == finished.end()) {
        all.failure = fmt::format("{} was not run to its end", command.name);
      } else if (!found->second.failure.empty()) {
        all.failure = fmt::format("{}: {}", command.name, found->second.failure);
      } else {
        all.results[run].push_back(found->second.json);
      }
    }
  }
  return all;
}

}  // namespace muster::inline app
