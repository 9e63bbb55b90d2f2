#include <dlfcn.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "muster/base/error.h"
#include "muster/links/gloo_library_module.h"

namespace muster::inline links {

namespace {

namespace fs = std::filesystem;

constexpr const char* without = "this Muster has no groups between hosts: ";

// The sanitizers' run time refuses RTLD_DEEPBIND.
#ifdef MUSTER_SANITIZED
constexpr int how = RTLD_NOW | RTLD_LOCAL;
#else
constexpr int how = RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND;
#endif

/// The file that contains this code: a library or the program. For a program it may be a bare name without a
/// folder, which does not tell where it is.
fs::path own_file() {
  Dl_info info{};
  if (::dladdr(reinterpret_cast<const void*>(&gloo_library_places), &info) == 0 || !info.dli_fname) return {};
  const fs::path file = info.dli_fname;
  return file.is_absolute() ? file : fs::path();
}

std::string last_problem() {
  const char* const problem = ::dlerror();
  return problem ? problem : "unknown error";
}

const GlooFunctions& functions_of(void* library, const std::string& path) {
  const auto entry = reinterpret_cast<GlooEntryPoint>(::dlsym(library, gloo_entry_point));
  const GlooFunctions* const functions = entry ? entry(gloo_functions_version) : nullptr;
  if (!functions) throw Error(without + path + " belongs to another version of Muster");
  return *functions;
}

}  // namespace

std::vector<std::string> gloo_library_places() {
  std::error_code ignored;  // an empty path then
  std::vector<std::string> places;
  for (const fs::path& file : {own_file(), fs::path("/proc/self/exe")}) {
    const fs::path whole = fs::canonical(file, ignored);
    if (whole.empty()) continue;
    const fs::path folder = whole.parent_path();
    for (const fs::path& place : {folder, folder / "muster", folder.parent_path() / MUSTER_PLUGIN_FOLDER}) {
      const std::string path = place / gloo_library_name;
      if (std::ranges::find(places, path) == places.end()) places.push_back(path);
    }
  }
  return places;
}

const GlooFunctions& open_gloo_library(const std::vector<std::string>& places) {
  std::string looked_at;
  for (const std::string& path : places) {
    std::error_code ignored;  // not there
    looked_at += path + ", ";
    if (!fs::exists(path, ignored)) continue;
    void* const library = ::dlopen(path.c_str(), how);
    if (!library) throw Error(without + path + " cannot be opened: " + last_problem());
    return functions_of(library, path);
  }
  if (void* const library = ::dlopen(gloo_library_name, how)) return functions_of(library, gloo_library_name);
  throw Error(std::string(without) + gloo_library_name + " was not found (" + looked_at +
              "the system's folders); it is built where Gloo is installed (Debian: libgloo-dev)");
}

}  // namespace muster::inline links
