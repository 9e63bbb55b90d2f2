#include "muster/serve/durable_mark.h"

#include <filesystem>

#include "muster/base/bytes.h"
#include "muster/base/crc32c.h"
#include "muster/base/error.h"
#include "muster/base/file.h"

namespace muster::inline serve {

namespace {

constexpr std::string_view magic = "MUSTERD2";
constexpr size_t slot_bytes = 52, second_slot = 4096;

struct Slot {
  uint64_t written = 0;
  DurableMark mark;
};

std::optional<Slot> slot_at(std::string_view file, size_t position) {
  if (file.size() < position + slot_bytes) return std::nullopt;
  ByteReader reader(file.substr(position, slot_bytes));
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

DurableMarkFile::DurableMarkFile(const std::string& path) : file_(path, OpenFor::updating) {
  std::string content(second_slot + slot_bytes, '\0');
  content.resize(file_.read_at(0, content.data(), content.size()));
  if (const auto slot = newest_slot(content)) written_ = slot->written;
}

void DurableMarkFile::write(const DurableMark& mark) {
  ByteWriter slot;
  for (const char letter : magic) slot.byte(static_cast<uint8_t>(letter));
  slot.u64(written_ + 1).i64(mark.journal).i64(mark.bytes).u64(mark.next).i64(mark.contributions);
  slot.u32(crc32c(slot.bytes()));
  const auto position = static_cast<int64_t>((written_ + 1) % 2 * second_slot);
  file_.write_at(position, slot.bytes());
  ++written_;
}

void DurableMarkFile::sync() { file_.flush_data(); }

}  // namespace muster::inline serve
