#include "muster/base/log.h"

#include <unistd.h>

#include <cstdio>
#include <new>

#include "muster/base/line_wrap.h"
#include "muster/base/terminal.h"

namespace muster::inline base {

namespace {

void write_as_it_is(std::string_view text) noexcept {
  // A failed write is not an error here: there is no other place to report it, and the program goes on.
  if (std::fwrite(text.data(), 1, text.size(), stderr) != text.size()) std::clearerr(stderr);
}

}  // namespace

// On a terminal lines end between words.
void write_log(std::string_view text) noexcept {
  const int columns = terminal_width(STDERR_FILENO);
  if (columns == 0) return write_as_it_is(text);
  try {
    write_as_it_is(wrapped_at(text, columns));
  } catch (const std::bad_alloc&) {
    write_as_it_is(text);  // written without the line breaks
  }
}

}  // namespace muster::inline base
