#include "muster/base/output.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

#include "muster/base/error.h"

namespace muster::inline base {

namespace {

[[noreturn]] void fail() {
  throw FileError(std::string("cannot write the result to standard output: ") + std::strerror(errno));
}

}  // namespace

void write_output(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) fail();
  // Where standard output and standard error are one pipe, buffered text would land between later lines.
  if (std::fflush(stdout) != 0) fail();
}

void flush_output() {
  const bool failed_before = std::ferror(stdout) != 0;
  if (std::fflush(stdout) != 0) fail();
  if (failed_before) throw FileError("cannot write the result to standard output: a part of it is missing");
}

}  // namespace muster::inline base
