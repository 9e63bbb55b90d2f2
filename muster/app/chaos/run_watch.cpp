#include "muster/app/chaos/run_watch.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

namespace muster::inline app {

namespace {

/// The rest of the line after `opening`; empty where that does not occur.
std::string behind(std::string_view line, std::string_view opening) {
  const size_t at = line.find(opening);
  return at == std::string_view::npos ? std::string() : std::string(line.substr(at + opening.size()));
}

/// The last whole line of a text that may begin and end within one.
std::string_view last_line(std::string_view text) {
  const size_t end = text.rfind('\n');
  if (end == std::string_view::npos || end == 0) return {};
  const size_t before = text.rfind('\n', end - 1);
  return text.substr(before == std::string_view::npos ? 0 : before + 1,
                     end - (before == std::string_view::npos ? 0 : before + 1));
}

}  // namespace

RunWatch::RunWatch(const std::string& folder, int processes)
    : path_(folder + "/metrics.jsonl"), present_(processes), left_(processes) {}

void RunWatch::take_line(std::string_view line) {
  long long generation = 0;
  int present = 0, left = 0;
  const std::string about_group = behind(line, "generation ");
  if (std::sscanf(about_group.c_str(), "%lld: %d of %*d processes continue", &generation, &present) == 2 &&
      generation > generation_) {
    generation_ = generation;
    present_ = present;
  }
  const std::string about_left = behind(line, "; the run continues with ");
  if (std::sscanf(about_left.c_str(), "%d of %*d processes", &left) == 1) left_ = left;
  if (line.find("run.verify:") != std::string_view::npos) differences_.emplace_back(line);
}

void RunWatch::look() {
  constexpr std::streamoff longest_line = 8192;
  struct stat about {};
  if (::stat(path_.c_str(), &about) != 0 || about.st_size == size_) return;
  size_ = about.st_size;
  std::ifstream file(path_, std::ios::binary);
  file.seekg(std::max<std::streamoff>(0, size_ - longest_line));
  std::string end(static_cast<size_t>(std::min<std::streamoff>(size_, longest_line)), '\0');
  file.read(end.data(), static_cast<std::streamsize>(end.size()));
  end.resize(static_cast<size_t>(std::max<std::streamsize>(0, file.gcount())));
  take(last_line(end));
}

// Ignores a line that is not whole yet; the next look() reads it.
void RunWatch::take(std::string_view line) {
  const auto json = nlohmann::json::parse(line, nullptr, false);
  if (!json.is_object() || !json.contains("round") || !json.contains("wall_seconds")) return;
  const auto number = [](const nlohmann::json& value) { return value.is_number() ? value.get<double>() : 0; };
  const int64_t round = json["round"].get<int64_t>();
  const double wall = number(json["wall_seconds"]);
  if (round > round_) round_seconds_ = (wall - wall_seconds_) / static_cast<double>(round - round_);
  if (json.contains("seconds") && json["seconds"].contains("averaging"))
    meeting_seconds_ = number(json["seconds"]["averaging"]) + number(json["seconds"]["waiting"]);
  round_ = round;
  step_ = json.value("step", step_);
  wall_seconds_ = wall;
}

}  // namespace muster::inline app
