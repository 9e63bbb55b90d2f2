#include "muster/checkpoint/checked_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "muster/base/error.h"

namespace muster::inline checkpoint {

namespace {

constexpr size_t chunk = size_t{1} << 20;  // checksum and system call work on the same cached bytes

}  // namespace

CheckedWriter::CheckedWriter(const std::string& path) : file_(path) {}

void CheckedWriter::write(const void* data, size_t bytes) {
  std::string_view rest(static_cast<const char*>(data), bytes);
  for (; !rest.empty(); rest.remove_prefix(std::min(rest.size(), chunk))) {
    const std::string_view now = rest.substr(0, chunk);
    file_.write(now);
    checksum_.add(now.data(), now.size());
    bytes_ += static_cast<int64_t>(now.size());
  }
}

FileDigest CheckedWriter::commit() {
  file_.commit();
  return {bytes_, checksum_.value()};
}

CheckedReader::CheckedReader(const std::string& path) : file_(path, OpenFor::reading), size_(file_.size()) {}

void CheckedReader::read(void* data, size_t bytes) {
  char* to = static_cast<char*>(data);
  while (bytes > 0) {
    const size_t count = file_.read_some(to, std::min(bytes, chunk));
    if (count == 0)
      throw DataError(fmt::format("'{}' is truncated: it ends after {} bytes", file_.path(), bytes_));
    checksum_.add(to, count);
    bytes_ += static_cast<int64_t>(count);
    to += count;
    bytes -= count;
  }
}

}  // namespace muster::inline checkpoint
