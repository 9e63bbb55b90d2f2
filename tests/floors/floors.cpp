#include "floors.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string_view>

namespace fs = std::filesystem;

namespace muster::floors {
namespace {

struct Include {
  int line = 0;
  bool quoted = false;
  std::string path;
};

/// "#include <x>" and "#include "x"" of one file.
std::vector<Include> includes_of(const fs::path& file) {
  std::vector<Include> found;
  std::ifstream in(file);
  std::string text;
  for (int line = 1; std::getline(in, text); ++line) {
    std::string_view rest = text;
    auto skip_blanks = [&] { rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size())); };
    skip_blanks();
    if (!rest.starts_with('#')) continue;
    rest.remove_prefix(1);
    skip_blanks();
    if (!rest.starts_with("include")) continue;
    rest.remove_prefix(7);
    skip_blanks();
    if (rest.empty() || (rest[0] != '"' && rest[0] != '<')) continue;
    const size_t end = rest.find(rest[0] == '"' ? '"' : '>', 1);
    if (end == std::string_view::npos) continue;
    found.push_back({line, rest[0] == '"', std::string(rest.substr(1, end - 1))});
  }
  return found;
}

/// The room of a file or include path: "flat" of "muster/flat/layout.h", "cli" of "cli/main.cpp"; else
/// nothing.
std::optional<std::string> room_of(const std::string& path) {
  std::vector<std::string> parts;
  std::istringstream in(path);
  for (std::string part; std::getline(in, part, '/');) parts.push_back(part);
  if (parts.size() >= 3 && parts[0] == "muster") return parts[1];
  if (parts.size() >= 2 && (parts[0] == "cli" || parts[0] == "python")) return parts[0];
  return std::nullopt;
}

bool is_header(const std::string& path) { return path.ends_with(".h"); }

bool is_torch(const std::string& path) {
  static constexpr std::string_view prefixes[] = {"torch/", "ATen/", "c10/", "c10d/", "caffe2/", "gloo/"};
  return std::ranges::any_of(prefixes, [&](std::string_view prefix) { return path.starts_with(prefix); });
}

/// Files that must stay free of torch, so that the program answers at once.
bool must_be_torch_free(const std::string& file) {
  static const std::set<std::string> rooms = {"base", "schedule", "report", "rendezvous", "plan", "theory"};
  const auto room = room_of(file);
  if (room == "app") return !file.starts_with("muster/app/engine/");
  if (room == "cli") return file != "cli/engine.cpp";
  return room && rooms.contains(*room);
}

class Inspector {
 public:
  explicit Inspector(const fs::path& root) : root_(root) { read_floors(); }

  Findings run() {
    for (const char* top : {"muster", "cli", "python"}) {
      if (!fs::is_directory(root_ / top)) continue;
      for (const auto& entry : fs::recursive_directory_iterator(root_ / top)) {
        const auto extension = entry.path().extension();
        if (entry.is_regular_file() && (extension == ".h" || extension == ".cpp"))
          files_.push_back(fs::relative(entry.path(), root_).generic_string());
      }
    }
    std::ranges::sort(files_);
    for (const auto& file : files_) inspect(file);
    findings_.files = static_cast<int>(files_.size());
    return findings_;
  }

 private:
  void read_floors() {
    std::ifstream in(root_ / "FLOORS");
    if (!in) throw std::runtime_error((root_ / "FLOORS").string() + ": cannot be read");
    std::string line;
    for (int floor = 0; std::getline(in, line); ++floor) {
      std::istringstream rooms(line);
      for (std::string room; rooms >> room;) floor_[room] = floor;
    }
  }

  void inspect(const std::string& file) {
    for (const auto& include : includes_of(root_ / file)) {
      check_rooms(file, include);
      check_torch(file, include);
    }
  }

  /// Defines torch modules for the sources of its room; not installed.
  static bool is_module_header(const std::string& path) { return path.ends_with("_module.h"); }
  static bool is_public_header(const std::string& path) { return is_header(path) && !is_module_header(path); }

  void check_rooms(const std::string& file, const Include& include) {
    const std::string from = room_of(file).value_or("");
    const auto to = room_of(include.path);
    if (!floor_.contains(from)) return report(file, include, "FLOORS does not name the room '" + from + "'");
    if (!to) {
      if (include.quoted) report(file, include, "write the path from the project's root");
      return;
    }
    if (!floor_.contains(*to)) return report(file, include, "FLOORS does not name the room '" + *to + "'");
    if (*to == from) return;
    if (floor_[*to] == floor_[from]) report(file, include, from + " goes sideways to " + *to);
    if (floor_[*to] > floor_[from]) report(file, include, from + " climbs to " + *to);
  }

  void check_torch(const std::string& file, const Include& include) {
    if (must_be_torch_free(file)) {
      std::set<std::string> seen;
      const std::string way = way_to_torch(include.path, seen);
      if (!way.empty()) report(file, include, "must be free of torch, but reaches <" + way + ">");
      return;
    }
    if (is_module_header(include.path) && (room_of(include.path) != room_of(file) || is_public_header(file)))
      return report(file, include, "a *_module.h serves the sources of its own room only");
    if (!is_torch(include.path)) return;
    if (is_public_header(file) && include.path != "ATen/core/Tensor.h" && !include.path.starts_with("c10/"))
      return report(file, include, "headers include at most <ATen/core/Tensor.h> of torch");
    const bool modules = include.path.starts_with("torch/") && include.path != "torch/version.h";
    const bool c10d = include.path.starts_with("torch/csrc/distributed/") ||
                      include.path.starts_with("c10d/") || include.path.starts_with("gloo/");
    const auto room = room_of(file);
    if (c10d && room != "comm") return report(file, include, "only comm includes c10d");
    if (modules && !c10d && room != "task") report(file, include, "only task knows torch's modules");
  }

  /// The torch header that `path` is or leads to through headers of ours; empty: none.
  std::string way_to_torch(const std::string& path, std::set<std::string>& seen) {
    if (is_torch(path)) return path;
    if (!room_of(path) || !seen.insert(path).second) return "";
    for (const auto& next : includes_of(root_ / path)) {
      const std::string way = way_to_torch(next.path, seen);
      if (!way.empty()) return way;
    }
    return "";
  }

  void report(const std::string& file, const Include& include, const std::string& rule) {
    findings_.broken.push_back(file + ":" + std::to_string(include.line) + ": include of " + include.path +
                               ": " + rule);
  }

  fs::path root_;
  std::map<std::string, int> floor_;
  std::vector<std::string> files_;
  Findings findings_;
};

}  // namespace

Findings check(const fs::path& root) { return Inspector(root).run(); }

}  // namespace muster::floors
