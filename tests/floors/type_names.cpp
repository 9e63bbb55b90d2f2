#include "type_names.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <regex>

namespace fs = std::filesystem;

namespace muster::floors {
namespace {

/// The types that a header defines outside all others: they begin at the start of a line.
std::vector<std::string> types_of(const fs::path& header) {
  // An inline namespace, as every room has one, does not keep its names apart from those of other rooms.
  static const std::regex space(R"(^namespace ([\w:]+?)(?:::inline \w+)?((?:::\w+)*) \{.*)");
  static const std::regex type(
      R"(^(?:struct|class|enum class|enum) (?:\[\[.*\]\] )?(\w+)(?: final)?(?: : .*)?\s*\{.*)");
  std::vector<std::string> found;
  std::string within, line;
  std::smatch match;
  for (std::ifstream in(header); std::getline(in, line);) {
    if (std::regex_match(line, match, space)) within = match[1].str() + match[2].str();
    if (std::regex_match(line, match, type)) found.push_back(match[1].str() + " in " + within);
  }
  return found;
}

}  // namespace

std::vector<std::string> types_defined_twice(const fs::path& root) {
  std::map<std::string, std::vector<std::string>> headers;
  for (const auto& entry : fs::recursive_directory_iterator(root / "muster"))
    if (entry.path().extension() == ".h")
      for (const std::string& type : types_of(entry.path()))
        headers[type].push_back(fs::relative(entry.path(), root).string());
  std::vector<std::string> twice;
  for (auto& [type, files] : headers) {
    std::sort(files.begin(), files.end());
    for (size_t i = 1; i < files.size(); ++i)
      twice.push_back(type + ": " + files[i - 1] + " and " + files[i]);
  }
  return twice;
}

}  // namespace muster::floors
