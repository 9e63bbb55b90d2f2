#include "muster/checkpoint/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "muster/base/bytes.h"
#include "muster/base/error.h"
#include "muster/checkpoint/checked_stream.h"
#include "muster/checkpoint/foreign_file.h"
#include "muster/checkpoint/model_digest.h"

namespace muster::inline checkpoint {

namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t largest_header = 100'000'000;  // as in the reference implementation
constexpr const char* metadata_name = "__metadata__";

/// The order of the tensors' bytes: wide types first, otherwise as given.
std::vector<size_t> order_of_data(const NamedTensors& tensors) {
  std::vector<size_t> order(tensors.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return bytes_of(tensors[a].second.type) > bytes_of(tensors[b].second.type);
  });
  return order;
}

std::string make_header(const NamedTensors& tensors, const std::vector<size_t>& order,
                        const std::map<std::string, std::string>& metadata) {
  std::vector<size_t> begins(tensors.size());
  size_t end = 0;
  for (const size_t index : order) {
    begins[index] = end;
    end += static_cast<size_t>(tensors[index].second.content.bytes());
  }
  Json header = Json::object();
  if (!metadata.empty()) header[metadata_name] = metadata;
  std::set<std::string_view> seen = {metadata_name};
  for (size_t i = 0; i < tensors.size(); ++i) {
    const auto& [name, tensor] = tensors[i];
    invariant(seen.insert(name).second, "a safetensors file needs different names for its tensors");
    Json entry = {{"dtype", name_of(tensor.type)},
                  {"shape", tensor.shape},
                  {"data_offsets", {begins[i], begins[i] + static_cast<size_t>(tensor.content.bytes())}}};
    header.push_back({name, std::move(entry)});
  }
  std::string text = header.dump(-1, ' ', false, Json::error_handler_t::replace);
  text.resize((text.size() + 7) / 8 * 8, ' ');
  return text;
}

Checksum checksum_of(const StoredTensor& tensor) {
  Checksum checksum;
  checksum.add(tensor.content.host(), static_cast<size_t>(tensor.content.bytes()));
  return checksum;
}

Metadata with_digits(Metadata metadata, const NamedTensors& tensors) {
  const auto digits = metadata.find(std::string(digest_key));
  if (digits == metadata.end()) return metadata;
  ModelDigest digest;
  for (const auto& [name, tensor] : tensors)
    digest.add(name, name_of(tensor.type), tensor.shape, checksum_of(tensor));
  digits->second = digest.digits(metadata);
  return metadata;
}

/// One tensor's place in a file that is being read.
struct Entry {
  std::string name;
  StoredType type = StoredType::f32;
  std::vector<int64_t> shape;
  int64_t begin = 0, end = 0;
};

/// Reads and checks the header; every problem becomes one line that names the file.
class Header {
 public:
  Header(CheckedReader& file, const std::string& path) : path_(path) {
    const std::string head = read_text(file, std::min<int64_t>(file.size(), 8));
    if (head.size() < 8) refuse_start(head, "it is shorter than the 8 bytes of the header's length");
    const uint64_t length = ByteReader(head).u64();
    const int64_t rest = file.size() - 8;
    if (length > static_cast<uint64_t>(std::min(rest, largest_header)))
      refuse_start(head + read_text(file, std::min<int64_t>(rest, 504)),
                   fmt::format("its header claims {} bytes, of {} in the file", length, rest));
    const std::string text = read_text(file, static_cast<int64_t>(length));
    if (text.empty() || text.front() != '{') refuse_start(head + text, "its header is no JSON object");
    parse(text);
    check_places(rest - static_cast<int64_t>(length));
  }

  std::vector<Entry> entries;  // in the order of the header
  std::map<std::string, std::string> metadata;

 private:
  [[noreturn]] void refuse(const std::string& why) const {
    throw DataError(fmt::format("'{}' is no sound safetensors file: {}", path_, why));
  }

  /// Refuses a file that does not begin as safetensors, by the name of its format where that is known.
  [[noreturn]] void refuse_start(const std::string& head, const std::string& why) const {
    const std::string other = foreign_format(head, path_);
    if (other.empty()) refuse(why);
    throw DataError(fmt::format("'{}' is no safetensors file: {}", path_, other));
  }

  static std::string read_text(CheckedReader& file, int64_t bytes) {
    std::string text(static_cast<size_t>(bytes), '\0');
    file.read(text.data(), text.size());
    return text;
  }

  // nlohmann's parser keeps the last of repeated keys, so they are watched while it works.
  void parse(const std::string& text) {
    // A NUL ends the text for the parser, whatever stands behind it.
    if (text.find('\0') != std::string::npos) refuse("its header holds a byte 0");
    std::vector<std::set<std::string>> keys;
    std::vector<std::string> names;
    const auto watch = [&](int, nlohmann::json::parse_event_t event, nlohmann::json& value) {
      if (event == nlohmann::json::parse_event_t::object_start) keys.emplace_back();
      if (event == nlohmann::json::parse_event_t::object_end) keys.pop_back();
      if (event != nlohmann::json::parse_event_t::key) return true;
      const auto key = value.get<std::string>();
      if (!keys.back().insert(key).second) refuse(fmt::format("its header names '{}' twice", key));
      if (keys.size() == 1) names.push_back(key);
      return true;
    };
    try {
      const auto json = nlohmann::json::parse(text, watch);
      for (const auto& name : names) {
        if (name == metadata_name)
          metadata = strings(json.at(name));
        else
          entries.push_back(entry(name, json.at(name)));
      }
    } catch (const nlohmann::json::exception& problem) {
      refuse(fmt::format("its header cannot be read ({})", problem.what()));
    }
  }

  std::map<std::string, std::string> strings(const nlohmann::json& json) const {
    if (!json.is_object()) refuse("its metadata are no JSON object");
    for (const auto& value : json)
      if (!value.is_string()) refuse("its metadata are not all strings");
    return json.get<std::map<std::string, std::string>>();
  }

  int64_t whole(const std::string& name, const nlohmann::json& json) const {
    if (!json.is_number_unsigned() || json.get<uint64_t>() > uint64_t{std::numeric_limits<int64_t>::max()})
      refuse(fmt::format("tensor '{}' has a shape or offset that is no natural number", name));
    return json.get<int64_t>();
  }

  StoredType type_of(const std::string& name, const std::string& type) const {
    for (const StoredType known : stored_types)
      if (name_of(known) == type) return known;
    refuse(fmt::format(
        "tensor '{}' has the type '{}', not one of F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL", name,
        type));
  }

  Entry entry(const std::string& name, const nlohmann::json& json) const {
    if (!json.is_object() || json.size() != 3)
      refuse(fmt::format("tensor '{}' needs dtype, shape and data_offsets, nothing else", name));
    const auto& shape = json.at("shape");
    const auto& offsets = json.at("data_offsets");
    if (!shape.is_array() || !offsets.is_array() || offsets.size() != 2)
      refuse(fmt::format("tensor '{}' needs a list as shape and two data_offsets", name));
    Entry entry;
    entry.name = name;
    entry.type = type_of(name, json.at("dtype").get<std::string>());
    entry.begin = whole(name, offsets[0]);
    entry.end = whole(name, offsets[1]);
    if (shape.size() > 64)
      refuse(fmt::format("tensor '{}' has {} dimensions, more than 64", name, shape.size()));
    // An extent of 0 counts as 1 here: strides must not overflow either.
    int64_t span = bytes_of(entry.type);
    bool empty = false;
    for (const auto& extent : shape) {
      entry.shape.push_back(whole(name, extent));
      empty = empty || entry.shape.back() == 0;
      if (__builtin_mul_overflow(span, std::max<int64_t>(entry.shape.back(), 1), &span))
        refuse(fmt::format("tensor '{}' is larger than any memory", name));
    }
    const int64_t bytes = empty ? 0 : span;
    if (entry.end < entry.begin || entry.end - entry.begin != bytes)
      refuse(fmt::format("tensor '{}' needs {} bytes but has data_offsets {} to {}", name, bytes, entry.begin,
                         entry.end));
    return entry;
  }

  void check_places(int64_t data_bytes) {
    std::vector<const Entry*> in_file;
    for (const auto& item : entries) in_file.push_back(&item);
    std::sort(in_file.begin(), in_file.end(), [](const Entry* a, const Entry* b) {
      return std::pair(a->begin, a->end) < std::pair(b->begin, b->end);
    });
    int64_t end = 0;
    for (const Entry* item : in_file) {
      if (item->begin != end)
        refuse(fmt::format("tensor '{}' begins at byte {} of the data, where {} is due", item->name,
                           item->begin, end));
      end = item->end;
    }
    if (end != data_bytes)
      refuse(fmt::format("its tensors need {} bytes of data, there are {}", end, data_bytes));
  }

  std::string path_;
};

/// A bool that is neither 0 nor 1 would be undefined behaviour in the code that uses it.
void check_bools(const StoredTensor& tensor, const std::string& name, const std::string& path) {
  const auto* bytes = tensor.content.data<uint8_t>();
  if (std::any_of(bytes, bytes + tensor.content.size(), [](unsigned char byte) { return byte > 1; }))
    throw DataError(
        fmt::format("'{}' is no sound safetensors file: tensor '{}' of type BOOL holds other bytes than 0 "
                    "and 1",
                    path, name));
}

}  // namespace

FileDigest write_safetensors(const std::string& path, const NamedTensors& tensors,
                             const std::map<std::string, std::string>& metadata) {
  const std::vector<size_t> order = order_of_data(tensors);
  const std::string header = make_header(tensors, order, with_digits(metadata, tensors));
  const std::string length = ByteWriter().u64(header.size()).bytes();
  CheckedWriter file(path);
  file.write(length.data(), length.size());
  file.write(header.data(), header.size());
  for (const size_t index : order) {
    const Vector& content = tensors[index].second.content;
    file.write(content.host(), static_cast<size_t>(content.bytes()));
  }
  return file.commit();
}

Safetensors read_safetensors(const std::string& path) {
  CheckedReader file(path);
  Header header(file, path);
  Safetensors result;
  result.metadata = std::move(header.metadata);
  for (const auto& entry : header.entries) result.names.push_back(entry.name);
  std::sort(header.entries.begin(), header.entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  const bool promised = promises_digest(result.metadata, path);
  ModelDigest digest;
  for (const auto& entry : header.entries) {
    const int64_t bytes = entry.end - entry.begin;
    StoredTensor tensor(entry.type, entry.shape, uninitialised_vector(bytes, ElementType::byte));
    file.read(tensor.content.host(), static_cast<size_t>(bytes));
    if (promised) digest.add(entry.name, name_of(entry.type), entry.shape, checksum_of(tensor));
    if (entry.type == StoredType::boolean) check_bools(tensor, entry.name, path);
    result.tensors.emplace(entry.name, std::move(tensor));
  }
  if (promised) require_promised(digest, result.metadata, path);
  result.digest = file.digest();
  return result;
}

}  // namespace muster::inline checkpoint
