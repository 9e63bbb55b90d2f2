#include "muster/base/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace muster::inline base {

namespace {

std::string_view variable(const char* name) {
  const char* const text = std::getenv(name);
  return text == nullptr ? std::string_view() : std::string_view(text);
}

}  // namespace

bool is_live_terminal(int descriptor) {
  return ::isatty(descriptor) == 1 && !variable("TERM").empty() && variable("TERM") != "dumb";
}

int terminal_width(int descriptor) {
  if (::isatty(descriptor) != 1) return 0;
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

bool is_colour_wanted(int descriptor) { return is_live_terminal(descriptor) && variable("NO_COLOR").empty(); }

}  // namespace muster::inline base
