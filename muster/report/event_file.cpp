#include "muster/report/event_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <string_view>

#include "muster/base/bytes.h"
#include "muster/base/crc32c.h"
#include "muster/base/error.h"
#include "muster/base/folder.h"
#include "muster/base/host_name.h"

namespace muster::inline report {

namespace {

constexpr std::string_view name_start = "events.out.tfevents.";

void put_varint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>((value & 0x7F) | 0x80));
  out.push_back(static_cast<char>(value));
}

// A protobuf field begins with its number and its wire type.
enum class Wire : uint32_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

void put_key(std::string& out, uint32_t field, Wire type) {
  put_varint(out, (field << 3) | static_cast<uint32_t>(type));
}

void put_bytes(std::string& out, uint32_t field, std::string_view bytes) {
  put_key(out, field, Wire::bytes);
  put_varint(out, bytes.size());
  out += bytes;
}

// Event { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5; SessionLog
// session_log = 7 }
std::string event_start(double wall_time, int64_t step) {
  std::string event;
  put_key(event, 1, Wire::fixed64);
  event += ByteWriter().real(wall_time).bytes();
  put_key(event, 2, Wire::varint);
  put_varint(event, static_cast<uint64_t>(step));
  return event;
}

// SessionLog { SessionStatus status = 1 }, START = 1
std::string session_start() {
  std::string log;
  put_key(log, 1, Wire::varint);
  put_varint(log, 1);
  return log;
}

// Summary { repeated Value value = 1 }, Value { string tag = 1; float simple_value = 2 }
std::string summary_of(const std::vector<std::pair<std::string, double>>& values) {
  std::string summary;
  for (const auto& [tag, number] : values) {
    std::string value;
    put_bytes(value, 1, tag);
    put_key(value, 2, Wire::fixed32);
    value += ByteWriter().u32(std::bit_cast<uint32_t>(static_cast<float>(number))).bytes();
    put_bytes(summary, 1, value);
  }
  return summary;
}

// TensorBoard reads files in the order of their names: a new file needs a later time than all existing ones.
int64_t next_time_in(const std::string& folder, double wall_time) {
  auto time = static_cast<int64_t>(wall_time);
  for (const std::string& name : event_files_in(folder)) {
    int64_t older = 0;
    const char* begin = name.data() + name_start.size();
    if (std::from_chars(begin, name.data() + name.size(), older).ec == std::errc())
      time = std::max(time, older + 1);
  }
  return time;
}

}  // namespace

std::vector<std::string> event_files_in(const std::string& folder) {
  std::vector<std::string> names = names_in(folder);
  std::erase_if(names, [](const std::string& name) { return !name.starts_with(name_start); });
  return names;
}

double unix_time() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

EventFile::EventFile(const std::string& folder, int64_t first_step, double wall_time,
                     const std::string& made_in)
    : path_(fmt::format("{}/{}{:010}.{}.{}", folder, name_start, next_time_in(folder, wall_time), host_name(),
                        ::getpid())) {
  const std::string made_at =
      made_in.empty() ? path_ : made_in + "/" + std::filesystem::path(path_).filename().string();
  file_ = OpenFile(made_at, OpenFor::creating, path_);
  std::string version = event_start(wall_time, 0);
  put_bytes(version, 3, "brain.Event:2");
  write_record(version);
  std::string start = event_start(wall_time, first_step);
  put_bytes(start, 7, session_start());
  write_record(start);
}

void EventFile::add(int64_t step, const std::vector<std::pair<std::string, double>>& values,
                    double wall_time) {
  std::string event = event_start(wall_time, step);
  put_bytes(event, 5, summary_of(values));
  write_record(event);
}

void EventFile::sync() { file_.flush(); }

void EventFile::write_record(const std::string& event) {
  ByteWriter record;
  record.u64(event.size());
  record.u32(masked_crc32c(record.bytes()));
  record.raw(event).u32(masked_crc32c(event));
  file_.write(record.bytes());
}

}  // namespace muster::inline report
