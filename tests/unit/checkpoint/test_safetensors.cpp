#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/checkpoint/model_digest.h"
#include "muster/checkpoint/safetensors.h"
#include "tests/support/file_size_limit.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/vectors.h"

namespace muster {
namespace {

using testing::HasSubstr;

/// Elements as they lie in memory.
template <class T>
StoredTensor elements(StoredType type, const std::vector<int64_t>& shape, const std::vector<T>& values) {
  EXPECT_EQ(bytes_of(type), static_cast<int64_t>(sizeof(T)));
  Vector content = uninitialised_vector(static_cast<int64_t>(values.size() * sizeof(T)), ElementType::byte);
  if (!values.empty()) std::memcpy(content.host(), values.data(), values.size() * sizeof(T));
  return {type, shape, content};
}

StoredTensor floats(const std::vector<float>& values) { return ShapedVector(test::vector_from(values)); }

NamedTensors every_type() {
  const float inf = std::numeric_limits<float>::infinity();
  return {{"flag", elements<uint8_t>(StoredType::boolean, {3}, {1, 0, 1})},
          {"weight", elements<float>(StoredType::f32, {2, 3}, {1.5f, -0.0f, inf, -3e-42f, 7, 8})},
          {"double", elements<double>(StoredType::f64, {2}, {1.0 / 3, -1e300})},
          {"half", elements<uint16_t>(StoredType::f16, {2}, {0x3800, 0x4000})},            // 0.5, 2
          {"brain", elements<uint16_t>(StoredType::bf16, {3}, {0x3E80, 0xC080, 0x3F80})},  // 0.25, -4, 1
          {"long", elements<int64_t>(StoredType::i64, {2}, {int64_t{1} << 62, -5})},
          {"int", elements<int32_t>(StoredType::i32, {2}, {7, -8})},
          {"short", elements<int16_t>(StoredType::i16, {2}, {7, -8})},
          {"char", elements<int8_t>(StoredType::i8, {2}, {7, -8})},
          {"byte", elements<uint8_t>(StoredType::u8, {3}, {255, 1, 2})},
          {"scalar", elements<float>(StoredType::f32, {}, {2.5f})},
          {"empty", elements<float>(StoredType::f32, {0, 4}, {})}};
}

bool same(const StoredTensor& a, const StoredTensor& b) {
  return a.type == b.type && a.shape == b.shape && same_bits(a.content, b.content);
}

TEST(Safetensors, EveryTypeComesBackInOrderAndBitForBit) {
  const test::TemporaryFolder folder;
  const auto tensors = every_type();
  const FileDigest written =
      write_safetensors(folder / "m", tensors, {{"format", "pt"}, {"note", "a\"b\n\xc3\xa9"}});
  const Safetensors read = read_safetensors(folder / "m");
  ASSERT_EQ(read.names.size(), tensors.size());
  for (size_t i = 0; i < tensors.size(); ++i) {
    EXPECT_EQ(read.names[i], tensors[i].first);
    EXPECT_TRUE(same(read.tensors.at(tensors[i].first), tensors[i].second)) << tensors[i].first;
  }
  EXPECT_EQ(read.metadata.at("note"), "a\"b\n\xc3\xa9");
  EXPECT_EQ(read.digest, written);
  EXPECT_EQ(written.bytes, static_cast<int64_t>(std::filesystem::file_size(folder / "m")));
}

TEST(Safetensors, AreNeverWrittenThroughALink) {
  const test::TemporaryFolder folder;
  write_file_atomically(folder / "victim", "kept");
  std::filesystem::create_symlink("victim", folder / "m.part");
  write_safetensors(folder / "m", {{"a", floats({1})}});
  EXPECT_EQ(read_file(folder / "victim"), "kept");
  EXPECT_FALSE(std::filesystem::is_symlink(folder / "m"));
}

TEST(Safetensors, LayoutIsThePublishedOne) {
  const test::TemporaryFolder folder;
  write_safetensors(folder / "m", every_type());
  const std::string bytes = read_file(folder / "m");
  uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  EXPECT_EQ(length % 8, 0u);
  const auto header = nlohmann::json::parse(bytes.substr(8, length));
  EXPECT_EQ(header.at("weight").at("dtype"), "F32");
  EXPECT_EQ(header.at("weight").at("shape"), (std::vector<int>{2, 3}));
  EXPECT_EQ(header.at("scalar").at("shape"), nlohmann::json::array());
  const size_t begin = header.at("weight").at("data_offsets").at(0);
  float value = 0;
  std::memcpy(&value, bytes.data() + 8 + length + begin, 4);
  EXPECT_EQ(value, 1.5f);
  for (const auto& [name, entry] : header.items()) {
    const std::string type = entry.at("dtype");
    const size_t width =
        type == "BOOL" ? 1 : static_cast<size_t>(std::stoi(type.substr(type.find_first_of("1368")))) / 8;
    EXPECT_EQ(entry.at("data_offsets").at(0).get<size_t>() % width, 0u) << name;
  }
}

TEST(Safetensors, PartsOfAVectorAreWrittenAsTheirValues) {
  const test::TemporaryFolder folder;
  const Vector flat = test::counted(12);
  write_safetensors(folder / "m",
                    {{"t", ShapedVector(flat, {3, 4})}, {"part", ShapedVector(flat.part(5, 2))}});
  const auto read = read_safetensors(folder / "m");
  EXPECT_TRUE(same(read.tensors.at("t"), ShapedVector(test::counted(12), {3, 4})));
  EXPECT_TRUE(same(read.tensors.at("part"), floats({5, 6})));
}

TEST(Safetensors, NoTensorsAtAll) {
  const test::TemporaryFolder folder;
  write_safetensors(folder / "m", {});
  EXPECT_TRUE(read_safetensors(folder / "m").tensors.empty());
}

TEST(Safetensors, WrongUseIsABug) {
  const test::TemporaryFolder folder;
  const StoredTensor one = floats({1});
  EXPECT_THROW(write_safetensors(folder / "m", {{"a", one}, {"a", one}}), Bug);
  EXPECT_THROW(write_safetensors(folder / "m", {{"__metadata__", one}}), Bug);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

std::string error_of(const std::string& path) {
  try {
    read_safetensors(path);
  } catch (const DataError& error) {
    return error.what();
  }
  return "";
}

TEST(Safetensors, TruncatedAnywhereIsADataError) {
  const test::TemporaryFolder folder;
  write_safetensors(folder / "m", every_type());
  const std::string bytes = read_file(folder / "m");
  for (size_t length = 0; length < bytes.size(); length += 7) {
    std::ofstream(folder / "cut") << bytes.substr(0, length);
    ASSERT_THAT(error_of(folder / "cut"), HasSubstr(folder / "cut")) << length;
  }
  std::ofstream(folder / "long") << bytes << "x";
  EXPECT_THAT(error_of(folder / "long"), HasSubstr("bytes of data"));
}

std::string with_header(const std::string& header, size_t data_bytes) {
  const uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), 8) + header + std::string(data_bytes, '\1');
}

struct Bad {
  const char* header;
  size_t data_bytes;
  const char* says;
};

class BadSafetensors : public testing::TestWithParam<Bad> {};

TEST_P(BadSafetensors, IsADataErrorInOneLine) {
  const test::TemporaryFolder folder;
  std::ofstream(folder / "bad") << with_header(GetParam().header, GetParam().data_bytes);
  const std::string error = error_of(folder / "bad");
  EXPECT_THAT(error, HasSubstr(GetParam().says));
  EXPECT_THAT(error, HasSubstr(folder / "bad"));
  EXPECT_EQ(error.find('\n'), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    Headers, BadSafetensors,
    testing::Values(
        Bad{"", 0, "no JSON object"}, Bad{"[]", 0, "no JSON object"}, Bad{"{", 0, "cannot be read"},
        Bad{"{\"\xff\":1}", 0, "cannot be read"}, Bad{"{\"a\":1}", 0, "needs dtype"},
        Bad{R"({"a":{"dtype":"F32","shape":[1]}})", 4, "needs dtype"},
        Bad{R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"more":1}})", 4, "nothing else"},
        Bad{R"({"a":{"dtype":"F32","shape":[1],"offsets":[0,4]}})", 4, "cannot be read"},
        Bad{R"({"a":{"dtype":"F33","shape":[1],"data_offsets":[0,4]}})", 4, "type 'F33'"},
        Bad{R"({"a":{"dtype":32,"shape":[1],"data_offsets":[0,4]}})", 4, "cannot be read"},
        Bad{R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", 4, "needs 8 bytes"},
        Bad{R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", 4, "natural number"},
        Bad{R"({"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}})", 4, "natural number"},
        Bad{R"({"a":{"dtype":"F32","shape":1,"data_offsets":[0,4]}})", 4, "list as shape"},
        Bad{R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}})", 4, "two data_offsets"},
        Bad{R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", 4, "data_offsets 4 to 0"},
        Bad{R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,18446744073709551615]}})", 4,
            "natural number"},
        Bad{R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}})", 4, "any memory"},
        Bad{R"({"a":{"dtype":"F32","shape":[0,4294967296,4294967296],"data_offsets":[0,0]}})", 0,
            "any memory"},
        Bad{R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", 8, "begins at byte 4"},
        Bad{R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}})",
            6, "begins at byte 2"},
        Bad{R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[5,9]}})",
            9, "begins at byte 5"},
        Bad{R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 3,
            "need 4 bytes of data, there are 3"},
        Bad{R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 5,
            "need 4 bytes of data, there are 5"},
        Bad{R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
            8, "'a' twice"},
        Bad{R"({"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4, "'dtype' twice"},
        Bad{R"({"__metadata__":[]})", 0, "metadata"}, Bad{R"({"__metadata__":{"a":1}})", 0, "metadata"}));

TEST(Safetensors, AbsurdHeaderLengths) {
  const test::TemporaryFolder folder;
  for (const uint64_t length : {uint64_t{100}, uint64_t{1} << 40, ~uint64_t{0}, uint64_t{1} << 63}) {
    std::ofstream(folder / "bad") << std::string(reinterpret_cast<const char*>(&length), 8) << "{}      ";
    EXPECT_THAT(error_of(folder / "bad"), HasSubstr("header claims"));
  }
}

TEST(Safetensors, BoolsMustBeZeroOrOne) {
  const test::TemporaryFolder folder;
  std::ofstream(folder / "bad") << with_header(R"({"a":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]}})",
                                               0)
                                << "\x02";
  EXPECT_THAT(error_of(folder / "bad"), HasSubstr("BOOL"));
}

TEST(Safetensors, MissingFileAndFolderAreFileErrors) {
  const test::TemporaryFolder folder;
  EXPECT_THROW(read_safetensors(folder / "none"), FileError);
  EXPECT_THROW(read_safetensors(folder.path()), FileError);
  EXPECT_THROW(write_safetensors(folder / "none/m", {}), FileError);
}

TEST(Safetensors, FullDiskLeavesTheOldFile) {
  const test::TemporaryFolder folder;
  write_safetensors(folder / "m", {{"a", floats({1})}});
  const std::string before = read_file(folder / "m");
  {
    const test::FileSizeLimit full(10000);
    EXPECT_THROW(write_safetensors(folder / "m", {{"a", floats(std::vector<float>(100000, 1))}}), FileError);
  }
  EXPECT_EQ(read_file(folder / "m"), before);
  EXPECT_FALSE(std::filesystem::exists(folder / "m.part"));
}

// A reader of its own, by the format's description, in the language most users will open the file with.
TEST(Safetensors, PythonReadsIt) {
  if (std::system("/usr/bin/python3 -c 'import numpy' >/dev/null 2>&1") != 0)
    GTEST_SKIP() << "/usr/bin/python3 with numpy is not here";
  const test::TemporaryFolder folder;
  write_safetensors(
      folder / "m",
      {{"w", ShapedVector(test::counted(6), {2, 3})}, {"d", ShapedVector(test::vector_from<double>({0.1}))}},
      {{"format", "pt"}});
  std::ofstream(folder / "read.py") << R"(
import json, struct, sys, numpy as np
b = open(sys.argv[1], "rb").read()
n, = struct.unpack("<Q", b[:8])
h = json.loads(b[8:8 + n])
assert h.pop("__metadata__") == {"format": "pt"}
def get(name, dtype):
    first, last = h[name]["data_offsets"]
    return np.frombuffer(b[8 + n + first:8 + n + last], dtype).reshape(h[name]["shape"])
assert (get("w", "<f4") == np.arange(6).reshape(2, 3)).all()
assert get("d", "<f8")[0] == 0.1
try:
    from safetensors.numpy import load_file
    assert (load_file(sys.argv[1])["w"] == np.arange(6).reshape(2, 3)).all()
except ImportError:
    pass
)";
  EXPECT_EQ(std::system(("/usr/bin/python3 " + (folder / "read.py") + " " + (folder / "m")).c_str()), 0);
}

/// A model with its digest, as runs leave it.
class ModelDigestOfAFile : public testing::Test {
 protected:
  ModelDigestOfAFile() { write(folder_ / "m", metadata_); }
  void write(const std::string& path, const Metadata& metadata) const {
    write_safetensors(path,
                      {{"z.weight", ShapedVector(test::counted(6), {2, 3})},
                       {"a", ShapedVector(test::vector_from<int64_t>({1}))}},
                      metadata);
  }
  const test::TemporaryFolder folder_;
  const Metadata metadata_ =
      with_digest({{"muster", "0.2.0"}, {"configuration", R"({"task":{"name":"x"}})"}});
};

TEST_F(ModelDigestOfAFile, IsReadBackAndTheSameForTheSameContent) {
  const Safetensors read = read_safetensors(folder_ / "m");
  const std::string digits = read.metadata.at("xxh64");
  EXPECT_EQ(digits.size(), 16u);
  EXPECT_EQ(read.metadata.at("format_version"), "2");
  // Another program may write the tensors and the header in another order.
  NamedTensors other;
  for (const auto& [name, tensor] : read.tensors) other.emplace_back(name, tensor);
  write_safetensors(folder_ / "other", other, read.metadata);
  EXPECT_EQ(read_safetensors(folder_ / "other").metadata.at("xxh64"), digits);
  write(folder_ / "changed",
        with_digest({{"muster", "0.2.0"}, {"configuration", R"({"task":{"name":"y"}})"}}));
  EXPECT_NE(read_safetensors(folder_ / "changed").metadata.at("xxh64"), digits);
}

TEST_F(ModelDigestOfAFile, EveryFlippedBitIsRefused) {
  const std::string whole = read_file(folder_ / "m");
  for (size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    std::string flipped = whole;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    std::ofstream(folder_ / "flipped") << flipped;
    ASSERT_THAT(error_of(folder_ / "flipped"), testing::HasSubstr("flipped'")) << "bit " << bit;
  }
}

TEST_F(ModelDigestOfAFile, OlderFilesAndThoseOfOtherProgramsHaveNone) {
  write(folder_ / "m", {{"format", "pt"}});
  EXPECT_NO_THROW(read_safetensors(folder_ / "m"));
  write(folder_ / "m", {});
  EXPECT_NO_THROW(read_safetensors(folder_ / "m"));
}

}  // namespace
}  // namespace muster
