#include "muster/serve/durable_mark.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/report/crc32c.h"
#include "muster/serve/packed_bytes.h"

namespace muster {

namespace {

constexpr std::string_view magic = "MUSTERD2";
constexpr size_t slot_bytes = 52, second_slot = 4096;

[[noreturn]] void fail(const char* what, const std::string& path) {
  throw FileError(std::string("cannot ") + what + " '" + path + "': " + std::strerror(errno));
}

struct Slot {
  uint64_t written = 0;
  DurableMark mark;
};

std::optional<Slot> slot_at(std::string_view file, size_t position) {
  if (file.size() < position + slot_bytes) return std::nullopt;
  PackedReader reader(file.substr(position, slot_bytes));
  const std::string_view covered = file.substr(position, slot_bytes - 4);
  if (reader.take(magic.size()) != magic) return std::nullopt;
  Slot slot;
  slot.written = reader.u64();
  slot.mark = {reader.i64(), reader.i64(), reader.u64(), reader.i64()};
  if (reader.u32() != crc32c(covered)) return std::nullopt;
  return slot;
}

std::optional<Slot> newest_slot(std::string_view file) {
  const auto first = slot_at(file, 0), second = slot_at(file, second_slot);
  if (first && second) return first->written > second->written ? first : second;
  return first ? first : second;
}

}  // namespace

std::optional<DurableMark> DurableMarkFile::read(const std::string& path) {
  std::error_code problem;
  if (!std::filesystem::exists(path, problem) && !problem) return std::nullopt;
  const auto slot = newest_slot(read_file(path));
  if (!slot) throw CheckpointError("'" + path + "' is damaged: it no longer says how much was acknowledged");
  return slot->mark;
}

DurableMarkFile::DurableMarkFile(const std::string& path)
    : path_(path), descriptor_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644)) {
  if (descriptor_ < 0) fail("write", path);
  std::string content(second_slot + slot_bytes, '\0');
  const ssize_t got = ::pread(descriptor_, content.data(), content.size(), 0);
  if (got < 0) {
    const int problem = errno;
    ::close(descriptor_);  // only read from so far
    errno = problem;
    fail("read", path);
  }
  if (const auto slot = newest_slot(std::string_view(content).substr(0, static_cast<size_t>(got))))
    written_ = slot->written;
}

// What sync() has not confirmed is not counted on.
DurableMarkFile::~DurableMarkFile() { ::close(descriptor_); }

void DurableMarkFile::write(const DurableMark& mark) {
  PackedWriter slot;
  for (const char letter : magic) slot.byte(static_cast<uint8_t>(letter));
  slot.u64(written_ + 1).i64(mark.journal).i64(mark.bytes).u64(mark.next).i64(mark.contributions);
  slot.u32(crc32c(slot.bytes()));
  const auto position = static_cast<off_t>((written_ + 1) % 2 * second_slot);
  std::string_view rest = slot.bytes();
  for (off_t at = position; !rest.empty();) {
    const ssize_t put = ::pwrite(descriptor_, rest.data(), rest.size(), at);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) fail("write", path_);
    at += put;
    rest.remove_prefix(static_cast<size_t>(put));
  }
  ++written_;
}

void DurableMarkFile::sync() {
  if (::fdatasync(descriptor_) != 0) fail("flush", path_);
}

}  // namespace muster
