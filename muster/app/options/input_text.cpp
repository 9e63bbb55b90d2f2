#include "muster/app/options/input_text.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

#include "muster/base/error.h"
#include "muster/base/log.h"
#include "muster/base/open_file.h"
#include "muster/choice/value.h"

namespace muster::inline app {

namespace {

constexpr size_t most_bytes = size_t{64} << 20;
constexpr int seconds_of_silence = 10;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);  // only read from
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }
  int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

/// One line of the variable: "DESCRIPTOR INODE PATH". The inode shows that the descriptor still holds this
/// text. "0 0 PATH": the text comes on standard input.
struct Held {
  int descriptor = -1;
  uint64_t inode = 0;
};

bool names_standard_input(const std::string& path) {
  return path == standard_input || path == "/dev/stdin" || path == "/dev/fd/0" || path == "/proc/self/fd/0";
}

std::string variable() {
  const char* const text = std::getenv(inputs_variable);
  return text == nullptr ? "" : text;
}

/// A path on one line.
std::string on_one_line(const std::string& path) {
  std::string line;
  for (const char c : path) line += c == '\n' ? "\\n" : c == '\\' ? "\\\\" : std::string(1, c);
  return line;
}

std::optional<Held> parse_held(std::string_view line, const std::string& name) {
  Held held;
  const char* const end = line.data() + line.size();
  auto read = std::from_chars(line.data(), end, held.descriptor);
  if (read.ec != std::errc{} || read.ptr == end || *read.ptr != ' ') return std::nullopt;
  read = std::from_chars(read.ptr + 1, end, held.inode);
  if (read.ec != std::errc{} || read.ptr == end || *read.ptr != ' ') return std::nullopt;
  if (std::string_view(read.ptr + 1, static_cast<size_t>(end - read.ptr - 1)) != name) return std::nullopt;
  return held;
}

std::optional<Held> find_held(const std::string& path) {
  const std::string text = variable(), name = on_one_line(path);
  std::string_view rest = text;
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    const auto held = parse_held(rest.substr(0, end), name);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (!held) continue;
    struct stat about {};
    if (held->inode == 0) return held;
    if (::fstat(held->descriptor, &about) == 0 && about.st_ino == held->inode) return held;
  }
  return std::nullopt;
}

void remember(const std::string& path, const Held& held) {
  std::string text = variable();
  text.insert(0, fmt::format("{} {} {}\n", held.descriptor, held.inode, on_one_line(path)));
  if (::setenv(inputs_variable, text.c_str(), 1) != 0)
    throw FileError(fmt::format("cannot hand '{}' on: {}", path, std::strerror(errno)));
}

[[noreturn]] void refuse(const std::string& field, const std::string& path, const std::string& remedy) {
  throw OptionError(field, shown(path), remedy);
}

std::string give_path(const std::string& field) {
  if (field == "CONFIG") return "give the path of a TOML file";
  if (field == "schedule.pieces") return "give a list such as 0:4,1000:16, or the path of a CSV file";
  return "give the path of a file";
}

[[noreturn]] void fail(const std::string& field, const std::string& path) {
  refuse(field, path, fmt::format("cannot be read: {}; {}", std::strerror(errno), give_path(field)));
}

/// Waits for something to read, and says so when it takes long.
void await(int descriptor, const std::string& path) {
  pollfd waited{descriptor, POLLIN, 0};
  for (int seconds = seconds_of_silence; ::poll(&waited, 1, 1000 * seconds_of_silence) == 0;
       seconds += seconds_of_silence)
    print_log("waiting for something to be written into {} ({} s so far)\n",
              names_standard_input(path) ? "standard input" : "'" + shown(path) + "'", seconds);
}

std::string read_all(int descriptor, const std::string& field, const std::string& path) {
  std::string text;
  std::array<char, 1 << 16> buffer;
  while (true) {
    await(descriptor, path);
    const ssize_t count = ::read(descriptor, buffer.data(), buffer.size());
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count < 0) fail(field, path);
    if (count == 0) return text;
    text.append(buffer.data(), static_cast<size_t>(count));
    if (text.size() > most_bytes)
      refuse(field, path, fmt::format("holds more than {} MiB; is it the right file?", most_bytes >> 20));
  }
}

std::string read_path(const std::string& field, const std::string& path) {
  // Not opened again: standard input may be a socket, which has no path.
  const Descriptor file(names_standard_input(path)
                            ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)
                            : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (file.number() < 0) fail(field, path);
  struct stat about {};
  if (::fstat(file.number(), &about) != 0) fail(field, path);
  if (S_ISDIR(about.st_mode)) {
    const bool of_run = ::access((path + "/config.toml").c_str(), R_OK) == 0;
    refuse(field, path,
           "is a folder; " + (of_run ? "use " + shown(path + "/config.toml") : give_path(field)));
  }
  std::string text = read_all(file.number(), field, path);
  if (text.empty() && (S_ISFIFO(about.st_mode) || S_ISSOCK(about.st_mode)))
    refuse(field, path, "is a pipe in which nothing came; what was to write into it has failed");
  return text;
}

Held keep(const std::string& text) {
  const std::string name = "an input held in memory";
  const Descriptor low(::memfd_create("muster-input", MFD_CLOEXEC));
  // Inherited, and none of the standard streams, whichever of them are closed.
  const int number = low.number() < 0 ? -1 : ::fcntl(low.number(), F_DUPFD, STDERR_FILENO + 1);
  if (number < 0) throw Error(fmt::format("cannot hold an input in memory: {}", std::strerror(errno)));
  OpenFile memory = OpenFile::adopt(number, name);
  memory.write(text);
  struct stat about {};
  if (::fstat(number, &about) != 0)
    throw Error(fmt::format("cannot hold an input in memory: {}", std::strerror(errno)));
  return {memory.release(), about.st_ino};
}

std::string read_held(const Held& held) {
  const int number = ::fcntl(held.descriptor, F_DUPFD_CLOEXEC, 0);
  if (number < 0)
    throw Error(fmt::format("cannot read an input that was passed on: {}", std::strerror(errno)));
  const OpenFile memory = OpenFile::adopt(number, "an input that was passed on");
  std::string text;
  std::array<char, 1 << 16> buffer;
  // Reads at an offset of its own: processes share that of the descriptor.
  while (const size_t count = memory.read_at(static_cast<int64_t>(text.size()), buffer.data(), buffer.size()))
    text.append(buffer.data(), count);
  return text;
}

}  // namespace

void hold_input(const std::string& field, const std::string& path) {
  const auto held = find_held(path);
  if (held && held->inode != 0) return;
  const std::string text = held ? read_all(STDIN_FILENO, field, path) : read_path(field, path);
  remember(path, keep(text));
}

std::string input_text(const std::string& field, const std::string& path) {
  const auto held = find_held(path);
  if (held && held->inode != 0) return read_held(*held);
  struct stat about {};
  const bool file =
      !names_standard_input(path) && ::stat(path.c_str(), &about) == 0 && S_ISREG(about.st_mode);
  if (!held && file) return read_path(field, path);
  hold_input(field, path);
  return held_text(path).value_or("");
}

std::optional<std::string> held_text(const std::string& path) {
  const auto held = find_held(path);
  return held && held->inode != 0 ? std::optional(read_held(*held)) : std::nullopt;
}

bool can_be_read_again(const std::string& path) {
  struct stat about {};
  if (find_held(path)) return true;
  if (names_standard_input(path)) return false;
  return ::stat(path.c_str(), &about) != 0 || S_ISREG(about.st_mode) || S_ISDIR(about.st_mode);
}

std::string on_standard_input(const std::string& path) { return "0 0 " + on_one_line(path); }

}  // namespace muster::inline app
