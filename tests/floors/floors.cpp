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

bool is_header(const std::string& path) { return path.ends_with(".h"); }

bool is_torch(const std::string& path) {
  static constexpr std::string_view prefixes[] = {"torch/", "ATen/", "c10/", "c10d/", "caffe2/"};
  return std::ranges::any_of(prefixes, [&](std::string_view prefix) { return path.starts_with(prefix); });
}

/// A line of FLOORS, and whether its rooms may know torch.
struct Room {
  int floor = 0;
  bool torch = false;
};

/// "flat/layout.h" of "muster/flat/layout.h"; "cli/engine.cpp" as it is; nothing for what is not ours. The
/// header of everything, muster/muster.h, is a room of its own, "muster".
std::optional<std::string> place_in_house(const std::string& path) {
  if (path.starts_with("muster/")) return path.substr(7);
  if (path.starts_with("cli/") || path.starts_with("python/")) return path;
  return std::nullopt;
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
    check_folders();
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
      for (std::string room; rooms >> room;) {
        const bool torch = room.ends_with('*');
        if (torch) room.pop_back();
        rooms_[room] = {floor, torch};
      }
    }
  }

  /// The innermost room that FLOORS names for a file or include path: "app/engine" of
  /// "muster/engine/training.h", "cli/engine" of "cli/engine.cpp". Where it names none, the folder.
  /// Nothing for what is not ours.
  std::optional<std::string> room_of(const std::string& path) const {
    const auto place = place_in_house(path);
    if (!place) return std::nullopt;
    std::string room = fs::path(*place).replace_extension().generic_string();
    while (!rooms_.contains(room)) {
      const size_t cut = room.rfind('/');
      if (cut == std::string::npos) return place->substr(0, place->find('/'));
      room.resize(cut);
    }
    return room;
  }

  /// A newcomer reads a folder's list of files at a glance.
  void check_folders() {
    constexpr int most_sources = 45;
    std::map<std::string, int> sources;
    for (const auto& file : files_)
      if (file.ends_with(".cpp")) ++sources[fs::path(file).parent_path().generic_string()];
    for (const auto& [folder, count] : sources)
      if (count > most_sources)
        findings_.broken.push_back(folder + ": " + std::to_string(count) + " sources; at most " +
                                   std::to_string(most_sources) + " in a folder");
  }

  void inspect(const std::string& file) {
    for (const auto& include : includes_of(root_ / file)) {
      check_rooms(file, include);
      check_torch(file, include);
      check_gloo(file, include);
    }
  }

  /// Defines torch modules for the sources of its room; not installed.
  static bool is_module_header(const std::string& path) { return path.ends_with("_module.h"); }
  static bool is_public_header(const std::string& path) { return is_header(path) && !is_module_header(path); }

  void check_rooms(const std::string& file, const Include& include) {
    const std::string from = room_of(file).value_or("");
    const auto to = room_of(include.path);
    if (!rooms_.contains(from)) return report(file, include, "FLOORS does not name the room '" + from + "'");
    if (!to) {
      if (include.quoted) report(file, include, "write the path from the project's root");
      return;
    }
    if (!rooms_.contains(*to)) return report(file, include, "FLOORS does not name the room '" + *to + "'");
    if (*to == from) return;
    const int here = rooms_.at(from).floor, there = rooms_.at(*to).floor;
    if (there == here) report(file, include, from + " goes sideways to " + *to);
    if (there > here) report(file, include, from + " climbs to " + *to);
  }

  void check_torch(const std::string& file, const Include& include) {
    const auto room = room_of(file);
    if (is_module_header(include.path) && (room_of(include.path) != room || is_public_header(file)))
      return report(file, include, "a *_module.h serves the sources of its own room only");
    if (!room || !rooms_.contains(*room)) return;
    if (!rooms_.at(*room).torch) {
      std::set<std::string> seen;
      const std::string way = way_to_torch(include.path, seen);
      if (!way.empty()) report(file, include, *room + " must be free of torch, but reaches <" + way + ">");
      return;
    }
    if (!is_torch(include.path)) return;
    if (is_public_header(file) && include.path != "ATen/core/Tensor.h" && !include.path.starts_with("c10/"))
      return report(file, include, "headers include at most <ATen/core/Tensor.h> of torch");
    const bool modules = include.path.starts_with("torch/") && include.path != "torch/version.h";
    const bool c10d =
        include.path.starts_with("torch/csrc/distributed/") || include.path.starts_with("c10d/");
    if (c10d && room != "libtorch") return report(file, include, "only libtorch includes c10d");
    if (modules && !c10d && room->substr(0, room->find('/')) != "task")
      report(file, include, "only task knows torch's modules");
  }

  /// The library that is opened when it is needed: no other part of the program is linked with Gloo.
  void check_gloo(const std::string& file, const Include& include) {
    if (!include.path.starts_with("gloo/")) return;
    if (!file.starts_with("muster/links/gloo_plugin") || is_header(file))
      report(file, include, "only muster/links/gloo_plugin*.cpp includes Gloo");
  }

  /// The torch header that `path` is or leads to through headers of ours; empty: none.
  std::string way_to_torch(const std::string& path, std::set<std::string>& seen) {
    if (is_torch(path)) return path;
    if (!place_in_house(path) || !seen.insert(path).second) return "";
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
  std::map<std::string, Room> rooms_;
  std::vector<std::string> files_;
  Findings findings_;
};

}  // namespace

Findings check(const fs::path& root) { return Inspector(root).run(); }

}  // namespace muster::floors
