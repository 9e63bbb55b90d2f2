#include "muster/app/reproduce/reproduction_key.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "muster/app/processes/engine_program.h"
#include "muster/base/checksum.h"
#include "muster/base/error.h"
#include "muster/base/file.h"

namespace muster::inline app {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view mark = "muster-sources:";
constexpr size_t digits = 16;
constexpr int64_t read_whole = int64_t{1} << 30;

std::string hexadecimal(uint64_t value) { return fmt::format("{:016x}", value); }

std::string file_digest(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0)
    throw FileError(fmt::format("cannot read '{}': {}", path, std::strerror(errno)));
  if (status.st_size > read_whole)
    return fmt::format("{} bytes of {}.{:09}", status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
  return hexadecimal(digest_of_file(path).checksum);
}

/// Whether the command runs in `muster` itself.
bool needs_no_engine(const PlannedCommand& command) {
  const std::string& name = command.words.at(0);
  return name == "study" || name == "schedule" || name == "plan";
}

}  // namespace

std::string program_digest(const std::string& path) {
  const std::string program = read_file(path);
  for (size_t at = program.find(mark); at != std::string::npos; at = program.find(mark, at + 1)) {
    const std::string_view found = std::string_view(program).substr(at + mark.size(), digits);
    const bool digest =
        found.size() == digits &&
        std::all_of(found.begin(), found.end(), [](unsigned char c) { return std::isxdigit(c) != 0; });
    if (digest) return std::string(found);
  }
  Checksum checksum;
  checksum.add(program.data(), program.size());
  return hexadecimal(checksum.value());
}

std::string input_digest(const std::string& path) {
  std::error_code problem;
  if (!fs::is_directory(path, problem)) return file_digest(path);
  std::vector<std::string> files;
  for (auto at = fs::recursive_directory_iterator(path, problem); !problem && at != fs::end(at);
       at.increment(problem))
    if (at->is_regular_file(problem)) files.push_back(at->path().string());
  if (problem) throw FileError(fmt::format("cannot read the folder '{}': {}", path, problem.message()));
  std::sort(files.begin(), files.end());
  Checksum all;
  for (const std::string& file : files) {
    const std::string line = fmt::format("{} {}\n", file.substr(path.size()), file_digest(file));
    all.add(line.data(), line.size());
  }
  return hexadecimal(all.value());
}

ResultKeys::ResultKeys(const std::string& program) {
  programs_["muster"] = program_digest(program);
  std::string engine;
  try {
    engine = engine_path();
  } catch (const Error&) {
    return;  // a build without LibTorch: the commands that need it are planned nowhere
  }
  programs_["muster-engine"] = program_digest(engine);
  const std::string tokenizer = (fs::path(engine).parent_path() / "muster-tokenizer").string();
  if (is_there(tokenizer)) programs_["muster-tokenizer"] = program_digest(tokenizer);
}

std::map<std::string, std::string> ResultKeys::of(const PlannedCommand& command) {
  std::map<std::string, std::string> key = {{"muster", programs_.at("muster")}};
  if (!needs_no_engine(command)) key = programs_;
  for (const auto& [name, path] : command.inputs) {
    auto found = inputs_.find(path);
    if (found == inputs_.end()) found = inputs_.emplace(path, input_digest(path)).first;
    key[name] = found->second;
  }
  return key;
}

}  // namespace muster::inline app
