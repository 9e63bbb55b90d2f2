#include "muster/app/options/run_configuration.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "muster/app/keys/catalogue.h"
#include "muster/base/error.h"
#include "muster/report/html_text.h"

namespace muster::inline app {

namespace {

namespace fs = std::filesystem;

/// Keys whose text names a file or a folder that is read; run.out is not among them, it is where the
/// configuration lies.
bool names_an_input(const Key& key) {
  constexpr std::array<std::string_view, 9> inputs = {
      "task.data",         "task.test_data", "run.start_from",  "text.tokenizer",  "async.speed_trace",
      "serve.certificate", "serve.key",      "serve.authority", "serve.token_file"};
  return std::find(inputs.begin(), inputs.end(), key.name) != inputs.end();
}

}  // namespace

std::optional<std::string> folder_of_run(const std::string& path) {
  const fs::path file(path);
  if (file.filename() != "config.toml") return std::nullopt;
  const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  for (const char* left : {".lock", "checkpoints", "metrics.jsonl", "summary.json"}) {
    std::error_code unknown;  // a file that cannot be examined does not count
    if (fs::exists(folder / left, unknown)) return folder.string();
  }
  return std::nullopt;
}

std::optional<RunKind> kind_of_run(const std::string& folder) {
  std::error_code unreadable;  // a folder that cannot be read holds no sign of a run
  const auto holds = [&](const char* name) { return fs::exists(fs::path(folder) / name, unreadable); };
  for (fs::directory_iterator at(folder, unreadable), end; !unreadable && at != end; at.increment(unreadable))
    if (at->path().filename().string().starts_with("snapshot-")) return RunKind::served;
  if (holds("arrivals.jsonl")) return RunKind::simulated;
  if (holds("metrics.jsonl") || holds("checkpoints")) return RunKind::trained;  // a server has metrics too
  return std::nullopt;
}

const char* command_of(RunKind kind) {
  return kind == RunKind::trained ? "train" : kind == RunKind::simulated ? "simulate" : "serve";
}

std::string configuration_file(const std::string& path) {
  std::error_code unknown;  // the reader of the file reports the reason
  if (!fs::is_directory(path, unknown)) return path;
  std::string file = (fs::path(path) / "config.toml").string();
  if (!fs::exists(file, unknown))
    throw OptionError(
        "CONFIG", shown(path),
        "is a folder without a config.toml; give the path of a TOML file, or the folder of a run");
  return file;
}

Configuration with_absolute_paths(const Catalogue& catalogue, Configuration configuration) {
  for (const Key& key : catalogue.keys()) {
    if (!names_an_input(key)) continue;
    const Value value = key.get(configuration);
    const auto* const text = std::get_if<std::string>(&value);
    std::error_code problem;
    if (text == nullptr || fs::path(*text).is_absolute() || !fs::exists(*text, problem)) continue;
    if (key.name == "text.tokenizer" && *text == "bytes") continue;  // the word, not a file
    const fs::path whole = fs::absolute(*text, problem);
    if (!problem) key.set(configuration, Value(whole.lexically_normal().string()));
  }
  return configuration;
}

std::string resume_command(const std::string& command, const std::string& folder) {
  return "muster " + command + " " + shell_quoted(folder);
}

}  // namespace muster::inline app
