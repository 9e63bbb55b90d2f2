#include "muster/checkpoint/run_writer.h"

#include <fmt/format.h>
#include <sys/random.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "muster/base/error.h"

namespace muster::inline checkpoint {

namespace {

constexpr std::string_view before_number = ", writer ", before_run = " of run ";

}  // namespace

std::string random_run_id() {
  uint64_t bits = 0;
  if (::getrandom(&bits, sizeof bits, 0) != static_cast<ssize_t>(sizeof bits))
    throw Error(fmt::format("cannot draw a random number: {}", std::strerror(errno)));
  return fmt::format("{:016x}", bits);
}

RunWriter sole_writer() { return {random_run_id(), 1}; }

std::string holder_text(const RunWriter& writer) {
  return fmt::format("process {}{}{}{}{}\n", ::getpid(), before_number, writer.number, before_run,
                     writer.run);
}

std::optional<RunWriter> writer_in(std::string_view text) {
  const size_t number = text.find(before_number), run = text.find(before_run);
  if (number == std::string_view::npos || run == std::string_view::npos || run < number) return std::nullopt;
  RunWriter writer;
  const char* const begin = text.data() + number + before_number.size();
  const auto [end, problem] = std::from_chars(begin, text.data() + run, writer.number);
  if (problem != std::errc() || end != text.data() + run) return std::nullopt;
  text.remove_prefix(run + before_run.size());
  if (!text.ends_with('\n')) return std::nullopt;
  text.remove_suffix(1);
  writer.run = text;
  return writer;
}

}  // namespace muster::inline checkpoint
