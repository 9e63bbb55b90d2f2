#include "muster/checkpoint/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/base/folder.h"
#include "muster/checkpoint/model_digest.h"
#include "muster/checkpoint/state_file.h"

namespace muster::inline checkpoint {

namespace {

namespace fs = std::filesystem;

constexpr const char* model_name = "model.safetensors";
constexpr const char* state_name = "state.safetensors";
constexpr const char* numbers_name = "state.json";
constexpr std::string_view step_prefix = "step-";
constexpr std::string_view temporary_prefix = ".making-";
constexpr std::string_view removed_prefix = ".removed-";
constexpr std::string_view replaced_prefix = ".replaced-";
constexpr std::string_view aside_prefix = "set-aside-";

[[noreturn]] void fail(const char* what, const std::string& path, const std::error_code& error) {
  throw FileError(fmt::format("cannot {} '{}': {}", what, path, error.message()));
}

std::string name_of(int64_t step) { return fmt::format("{}{:08}", step_prefix, step); }

std::optional<int64_t> step_of(const std::string& name) {
  if (!name.starts_with(step_prefix)) return std::nullopt;
  int64_t step = -1;
  const char* end = name.data() + name.size();
  const auto result = std::from_chars(name.data() + step_prefix.size(), end, step);
  if (result.ec != std::errc() || result.ptr != end || step < 0 || name != name_of(step)) return std::nullopt;
  return step;
}

/// Newest first.
std::vector<int64_t> steps_in(const std::string& folder) {
  std::vector<int64_t> steps;
  for (const auto& name : names_in(folder))
    if (const auto step = step_of(name)) steps.push_back(*step);
  std::sort(steps.rbegin(), steps.rend());
  return steps;
}

void rename(const std::string& from, const std::string& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (error) fail("rename", from, error);
}

void remove_all(const std::string& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) fail("remove", path, error);
}

void make_folders(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) fail("make the folder", path, error);
}

/// Not its parents: a staging folder that a successor took away must stay away.
void make_folder(const std::string& path) {
  std::error_code error;
  fs::create_directory(path, error);
  if (error) fail("make the folder", path, error);
}

/// A tensor file that must be as state.json says.
Safetensors read_checked(const std::string& folder, const char* name, const StateFile& expected) {
  const std::string path = folder + "/" + name;
  const auto known = expected.files.find(name);
  if (known == expected.files.end())
    throw CheckpointError(fmt::format("'{}' is not listed in {}", path, numbers_name));
  Safetensors file = read_safetensors(path);
  if (file.digest != known->second)
    throw CheckpointError(fmt::format("'{}' is damaged: its checksum does not fit its content", path));
  return file;
}

Checkpoint read_once(const std::string& path) {
  const std::string numbers_path = path + "/" + numbers_name;
  const StateFile numbers = parse_state_file(read_file(numbers_path), numbers_path);
  Checkpoint checkpoint;
  checkpoint.step = numbers.step;
  checkpoint.path = path;
  checkpoint.fingerprint = numbers.fingerprint;
  checkpoint.state.numbers = numbers.numbers;
  for (const auto& [name, tensor] : read_checked(path, state_name, numbers).tensors)
    checkpoint.state.tensors[name] = tensor.values(name);
  const Safetensors model = read_checked(path, model_name, numbers);
  for (const auto& name : model.names) checkpoint.model.emplace_back(name, model.tensors.at(name));
  return checkpoint;
}

// What fails once may succeed a moment later: a file on a network, a disk that reports an error once, a
// process that has too many files open. What reads otherwise than it was written is read once more.
constexpr std::array<std::chrono::milliseconds, 3> pauses = {
    std::chrono::milliseconds(20), std::chrono::milliseconds(100), std::chrono::milliseconds(400)};

/// Whether all three files are there, so that a failure to read them says nothing of their content. A file
/// whose type cannot be found out counts as there.
bool all_files_there(const std::string& path) {
  for (const char* name : {model_name, state_name, numbers_name}) {
    std::error_code ignored;  // see above
    const auto type = fs::status(path + "/" + name, ignored).type();
    const bool may_be = type == fs::file_type::none || type == fs::file_type::unknown;
    if (type != fs::file_type::regular && !may_be) return false;
  }
  return true;
}

FileError unreadable(const std::string& path, const FileError& why) {
  return FileError(fmt::format(
      "{}; tried {} times. The checkpoint may be whole and nothing was changed: resume when it can "
      "be read, or move '{}' elsewhere to resume from an older one",
      why.what(), pauses.size() + 1, path));
}

std::string passed_over(const std::string& why) {
  return why + ": passed over, and kept as set-aside-... unless a whole one of the same step takes its place";
}

}  // namespace

Checkpoint read_checkpoint(const std::string& path) {
  for (size_t attempt = 0;; ++attempt) {
    const bool again = attempt < pauses.size();
    try {
      return read_once(path);
    } catch (const FileError& problem) {
      if (!again && !all_files_there(path)) throw CheckpointError(problem.what());
      if (!again) throw unreadable(path, problem);
      std::this_thread::sleep_for(pauses[attempt]);
    } catch (const DataError& problem) {
      if (attempt > 0) throw CheckpointError(problem.what());
    } catch (const CheckpointError&) {
      if (attempt > 0) throw;
    }
  }
}

std::optional<std::string> newest_checkpoint(const std::string& folder) {
  std::error_code error;
  const auto status = fs::status(folder, error);
  if (status.type() == fs::file_type::not_found) return std::nullopt;
  if (error) fail("examine", folder, error);
  if (status.type() != fs::file_type::directory) return std::nullopt;
  const auto steps = steps_in(folder);
  if (steps.empty()) return std::nullopt;
  return folder + "/" + name_of(steps.front());
}

void recover_replaced_checkpoints(const std::string& staging, const std::string& folder) {
  for (const auto& name : names_in(staging)) {
    if (!name.starts_with(replaced_prefix)) continue;
    const std::string original = folder + "/" + name.substr(replaced_prefix.size());
    if (!muster::is_there(original)) rename(staging + "/" + name, original);
  }
}

void recover_checkpoints(const std::string& folder) {
  recover_replaced_checkpoints(folder, folder);
  for (const auto& name : names_in(folder)) {
    const std::string path = folder + "/" + name;
    if (name.starts_with(temporary_prefix) || name.starts_with(removed_prefix) ||
        name.starts_with(replaced_prefix))
      remove_all(path);
  }
}

CheckpointStore::CheckpointStore(std::string folder, int64_t keep, std::string staging)
    : folder_(std::move(folder)), keep_(keep), staging_(staging.empty() ? folder_ : std::move(staging)) {
  if (keep < 1) throw OptionError("checkpoint.keep", std::to_string(keep), "must be at least 1");
  make_folders(folder_);
  recover_checkpoints(folder_);
}

std::string CheckpointStore::aside(std::string_view prefix, const std::string& name) const {
  return fmt::format("{}/{}{}", staging_, prefix, name);
}

void CheckpointStore::save(int64_t step, const NamedTensors& model, const State& state,
                           const std::string& fingerprint) {
  invariant(step >= 0, "a checkpoint's step cannot be negative");
  const std::string name = name_of(step), final_path = folder_ + "/" + name;
  const std::string temporary = aside(temporary_prefix, name);
  try {
    remove_all(temporary);
    make_folder(temporary);
    StateFile numbers{step, state.numbers, fingerprint, {}};
    numbers.files[model_name] =
        write_safetensors(temporary + "/" + model_name, model, with_digest({{"format", "pt"}}));
    numbers.files[state_name] =
        write_safetensors(temporary + "/" + state_name, {state.tensors.begin(), state.tensors.end()});
    write_file_atomically(temporary + "/" + numbers_name, format_state_file(numbers));
  } catch (...) {
    std::error_code ignored;  // the next save or start removes it
    fs::remove_all(temporary, ignored);
    throw;
  }
  // A checkpoint of the same step is moved aside first; the constructor finds it again if the process is
  // stopped in between.
  const std::string replaced = aside(replaced_prefix, name);
  if (muster::is_there(final_path)) rename(final_path, replaced);
  rename(temporary, final_path);
  sync_to_disk(folder_);
  remove_all(replaced);
  int64_t kept = 0;
  for (const int64_t found : steps_in(folder_)) {
    if (found > step)
      set_aside(name_of(found));
    else if (++kept > keep_)
      remove(folder_ + "/" + name_of(found));
  }
}

// Damaged or not: a run does not remove checkpoints that it has not read. By way of `staging_`, so that an
// earlier writer that is continued here moves nothing; found again by its successor, or the constructor, if
// it is stopped in between.
void CheckpointStore::set_aside(const std::string& name) const {
  std::string to = fmt::format("{}/{}{}", folder_, aside_prefix, name);
  for (int number = 2; muster::is_there(to); ++number)
    to = fmt::format("{}/{}{}.{}", folder_, aside_prefix, name, number);
  const std::string held = aside(replaced_prefix, name);
  rename(folder_ + "/" + name, held);
  rename(held, to);
}

// By way of another name, so that no half-removed checkpoint ever carries a checkpoint's name.
void CheckpointStore::remove(const std::string& path) const {
  const std::string gone = aside(removed_prefix, fs::path(path).filename().string());
  remove_all(gone);
  rename(path, gone);
  remove_all(gone);
}

std::optional<Checkpoint> CheckpointStore::latest() const {
  std::optional<std::string> skipped;
  for (const int64_t step : steps_in(folder_)) {
    try {
      Checkpoint found = read_checkpoint(folder_ + "/" + name_of(step));
      if (found.step != step)
        throw CheckpointError(fmt::format("'{}' holds step {}", folder_ + "/" + name_of(step), found.step));
      if (skipped) found.skipped_because = passed_over(*skipped);
      return found;
    } catch (const CheckpointError& problem) {
      if (!skipped) skipped = problem.what();
    }
  }
  if (skipped)
    throw CheckpointError(
        fmt::format("no whole checkpoint is left in '{}': {}: choose another run.out", folder_, *skipped));
  return std::nullopt;
}

}  // namespace muster::inline checkpoint
