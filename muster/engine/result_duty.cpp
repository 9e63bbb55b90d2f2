#include "muster/engine/result_duty.h"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <utility>

#include "muster/app/options/run_configuration.h"
#include "muster/base/error.h"
#include "muster/base/host_name.h"
#include "muster/base/log.h"
#include "muster/engine/run_result.h"

namespace muster::inline engine {

namespace {

/// Period of the checks whether the writer still lives.
constexpr std::chrono::milliseconds between_looks{100};

/// The system's reason, which ends an error's message.
std::string reason_in(const std::string& message) {
  const size_t colon = message.rfind(": ");
  return colon == std::string::npos ? message : message.substr(colon + 2);
}

std::string cure_of(const std::string& reason) {
  for (const char* full : {"space", "quota", "too large"})
    if (reason.find(full) != std::string::npos) return "free space";
  return "mend that";
}

}  // namespace

ResultDuty::ResultDuty(Training& training, const RunRecord& record)
    : training_(training), record_(record), run_(random_run_id()) {
  GroupMember* const member = training_.member();
  if (!member || !member->store()) return;
  ledger_.emplace(*member->store(), member->key_prefix());
  run_ = ledger_->run_id(run_);
  ledger_->require_result();
  ledger_->say_able(name());
}

std::string ResultDuty::name() const {
  return fmt::format("rank {}", training_.member() ? training_.member()->place().rank : 0);
}

// torchrun's store has no members' names: the ranks of the start stand for them.
std::vector<std::string> ResultDuty::names() const {
  std::vector<std::string> names = training_.member()->generation().names;
  for (int rank = static_cast<int>(names.size()); rank < training_.member()->generation().size; ++rank)
    names.push_back(fmt::format("rank {}", rank));
  return names;
}

RunWriter ResultDuty::next_writer() {
  if (!ledger_) return {run_, ++number_};
  const auto number = ledger_->claim(training_.member()->generation().number, name());
  if (!number) throw LostPeer("another process of this run writes its files");
  return {run_, *number};
}

bool ResultDuty::without_store() const { return ledger_ && training_.member()->store_gone(); }

std::optional<std::string> ResultDuty::begun_folder() {
  return training_.elastic() ? ledger_->folder() : std::nullopt;
}

// Without a store there are no fencing numbers: a writer under another name takes the folder from no living
// process.
RunFolder ResultDuty::next_folder() {
  const std::string folder = training_.configuration().run.out.value();
  if (without_store()) return open_run_folder(folder, true, sole_writer(), training_.length().steps);
  return take_over_run_folder(folder, next_writer());
}

void ResultDuty::open(const std::string& folder, bool resume) {
  files_.reset();
  files_.emplace(open_run_folder(folder, resume, next_writer(), training_.length().steps));
  if (!ledger_) return;
  ledger_->say_folder(host_name(), folder);
  if (files_->folder().already_finished) ledger_->say_durable(found_result(folder));
}

void ResultDuty::take_over() {
  files_.reset();
  files_.emplace(next_folder());
  try {
    files_->take_over(training_, record_);
  } catch (const FileError&) {
    const bool superseded = files_->staging().superseded();
    files_.reset();
    if (superseded) throw LostPeer("another process of this run writes its files");
    throw;
  }
  if (ledger_ && !without_store()) ledger_->say_folder(host_name(), files_->folder().path);
}

void ResultDuty::settle_alone() {
  if (files_ || training_.group().size() > 1) return;
  try {
    files_.emplace(next_folder());
    if (files_->folder().already_finished || saved_by_another()) return files_.reset();
    files_->take_over(training_, record_);
  } catch (const FileError& error) {
    files_.reset();
    if (!std::exchange(told_of_folder_, true)) print_log("{}; this process writes nothing\n", error.what());
  }
}

// Every process has made the present meeting alone: the process that held the files wrote a checkpoint of it
// before it released them.
bool ResultDuty::saved_by_another() const {
  const auto& newest = files_->folder().resume_from;
  if (!newest) return false;
  const std::string name = std::filesystem::path(*newest).filename().string();
  const size_t digits = name.find_first_of("0123456789");
  return digits != std::string::npos && std::stoll(name.substr(digits)) >= training_.method().round_end();
}

bool ResultDuty::settle() {
  if (!training_.elastic()) return true;
  if (without_store()) {
    settle_alone();
    return true;
  }
  const auto writer = ledger_->first_able(names());
  if (!writer) nobody_can_write();
  if (*writer != name()) {
    files_.reset();
    return true;
  }
  if (files_) return true;
  try {
    take_over();
    return true;
  } catch (const FileError& error) {
    return cannot_write(missing("metrics.jsonl", error.what()));
  }
}

bool ResultDuty::write_anew(const std::string& why) {
  files_.reset();
  const size_t colon = why.find(": ");
  std::string what = missing(why.substr(0, colon), why);
  while (attempts_left_-- > 0) {
    try {
      take_over();
      return true;
    } catch (const FileError& error) {
      what = missing("metrics.jsonl", error.what());
    }
  }
  return cannot_write(what);
}

// Returns false or throws.
bool ResultDuty::cannot_write(const std::string& why) {
  files_.reset();
  if (!training_.elastic() || without_store()) {
    say_failed(why);
    throw FileError(why);
  }
  ledger_->say_unable(name(), why);
  print_log("{}\n", why);
  return false;
}

void ResultDuty::nobody_can_write() {
  const std::string why =
      ledger_->why_unable(names().front()).value_or("no process can write the run's files");
  ledger_->say_failed(why);
  throw FileError(why);
}

std::string ResultDuty::remedy() const {
  const std::string folder = training_.configuration().run.out.value_or("");
  const std::string file = folder + "/config.toml";
  std::error_code error;  // a file that cannot be examined counts as missing
  if (!std::filesystem::exists(file, error)) return "start the run again";
  return fmt::format("run `{}`", resume_command("train", folder));
}

std::string ResultDuty::missing(const std::string& what, const std::string& message) const {
  const std::string reason = reason_in(message);
  return fmt::format(
      "{} could not be written to '{}' after step {}: {}; the result (model.safetensors, summary.json) is "
      "missing: {} and {}",
      what, training_.configuration().run.out.value_or(""), training_.method().step(), reason,
      cure_of(reason), remedy());
}

void ResultDuty::deliver(const NamedTensors& model, bool json, const std::string& unwritten) {
  waiting_ = Stopwatch();
  const bool held = files_.has_value();
  if (!unwritten.empty()) files_.reset();
  if (without_store()) return deliver_without_store(model, json, held);
  while (!delivered()) {
    if (!ledger_) {
      if (write(model, json)) return;
      continue;
    }
    const auto writer = ledger_->first_able(names());
    if (!writer) nobody_can_write();
    if (*writer != name()) {
      wait_for_result();
    } else if (write(model, json)) {
      return;
    }
  }
}

// Without a store no process can be asked for the result, or informed of it.
void ResultDuty::deliver_without_store(const NamedTensors& model, bool json, bool held) {
  if (!held)
    throw LostPeer(fmt::format(
        "the store of the run (its launcher, or rank 0) is gone, and with it the word whether the "
        "result (model.safetensors, summary.json) is in '{}'; where it is missing, {}",
        training_.configuration().run.out.value_or(""), remedy()));
  while (!write(model, json)) continue;
}

bool ResultDuty::delivered() {
  if (!ledger_) return false;
  if (ledger_->durable()) return true;
  if (const auto what = ledger_->failed()) throw Error(*what);
  return false;
}

bool ResultDuty::write(const NamedTensors& model, bool json) {
  Summary summary = summarise(training_, record_);
  if (!write_files(model, summary)) return false;
  // From here on the result is durable, even if its output fails.
  show_result(summary, files_->folder().path, json);
  const std::string gaps = gaps_sentence(summary.metrics_gaps);
  if (!gaps.empty()) print_log("{}\n", gaps);
  return true;
}

// A failed write is repeated from the first byte; after that another process takes over.
bool ResultDuty::write_files(const NamedTensors& model, Summary& summary) {
  std::string at = "metrics.jsonl";
  try {
    if (!files_) take_over();
    report(write_result(training_, *files_, model, summary, at));
    return true;
  } catch (const FileError& error) {
    if (files_) files_->staging().require_present();
    const bool again = attempts_left_-- > 0;
    if (!again || at == "metrics.jsonl") files_.reset();
    if (again) return false;
    const std::string why = missing(at, error.what());
    if (!ledger_ || without_store()) throw FileError(why);
    ledger_->say_unable(name(), why);
    print_log("{}\n", why);
    return false;
  }
}

void ResultDuty::wait_for_result() {
  files_.reset();
  if (ledger_->durable(between_looks)) return;
  // A process leaves once the result is durable and then counts as lost: so durability is checked last.
  const GroupMember& member = *training_.member();
  const bool lost =
      member.broken() || waiting_.seconds() > 1e-3 * static_cast<double>(training_.patience().count());
  if (lost && !ledger_->durable())
    throw LostPeer(
        fmt::format("the process that writes the result was lost; model.safetensors and "
                    "summary.json are missing in '{}': {}",
                    training_.configuration().run.out.value_or(""), remedy()));
}

bool ResultDuty::is_done() {
  try {
    return ledger_ && ledger_->durable();
  } catch (const LostPeer&) {
    return false;
  }
}

// Where a successor was chosen meanwhile, its result counts.
void ResultDuty::report(const DurableResult& result) {
  if (!ledger_) return;
  try {
    const auto writer = ledger_->writer();
    if (!writer || writer->number == files_->staging().writer().number) return ledger_->say_durable(result);
  } catch (const LostPeer& error) {
    return print_log("the result is on the disk, but the others cannot be informed: {}\n", error.what());
  }
  throw LostPeer("another process of this run writes its files");
}

void ResultDuty::say_failed(const std::string& what) {
  if (!ledger_) return;
  try {
    ledger_->say_failed(what);
  } catch (const LostPeer&) {
    // No process is left to be informed.
  }
}

std::optional<std::string> ResultDuty::failed() {
  try {
    return ledger_ ? ledger_->failed() : std::nullopt;
  } catch (const LostPeer&) {
    return std::nullopt;
  }
}

}  // namespace muster::inline engine
