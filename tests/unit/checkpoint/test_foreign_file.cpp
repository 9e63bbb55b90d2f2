// Files of other kinds that are given where weights are expected: what they are, and what to do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/checkpoint/safetensors.h"
#include "muster/checkpoint/sharded_safetensors.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/vectors.h"

namespace muster {
namespace {

using namespace std::string_literals;
using test::TemporaryFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string error_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

struct Foreign {
  const char* name;
  std::string bytes;
  std::vector<std::string> told;
};

class ForeignFile : public ::testing::TestWithParam<Foreign> {};

TEST_P(ForeignFile, IsNamedWithTheCure) {
  const TemporaryFolder folder;
  const std::string path = folder / "given";
  write_file_atomically(path, GetParam().bytes);
  const std::string error = error_of([&] { read_safetensors(path); });
  EXPECT_THAT(error, HasSubstr("'" + path + "' is no safetensors file: "));
  for (const std::string& part : GetParam().told) EXPECT_THAT(error, HasSubstr(part));
  EXPECT_THAT(error, Not(HasSubstr("\n")));
}

std::string padded(std::string text, size_t bytes = 2000) {
  text.resize(std::max(bytes, text.size()), '\7');
  return text;
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, ForeignFile,
    ::testing::Values(
        Foreign{"empty", "", {"the file is empty"}},
        Foreign{"torch", padded("PK\3\4\0\0\x08\x08\0\0"s), {"torch.save", "save_file", "torch.load('"}},
        Foreign{"old_torch", padded("\x80\x02\x8a\x0al\xfc\x9c"s), {"pickle", "save_file"}},
        Foreign{"short_pickle", "\x80\x04N."s, {"pickle"}},
        Foreign{"gzip", padded("\x1f\x8b\x08\0\0"s), {"gzip", "unpack"}},
        Foreign{"zstd", padded("\x28\xb5\x2f\xfd"s), {"zstd"}},
        Foreign{"xz", padded("\xfd\x37zXZ\0"s), {"xz"}},
        Foreign{"tar", padded(std::string(257, 'a') + "ustar"), {"tar"}},
        Foreign{"index", "{\"metadata\": {}, \"weight_map\": {}}", {"model.safetensors.index.json"}},
        Foreign{"json", "\n { \"n_head\": 12, \"n_layer\": 12 }", {"JSON"}},
        Foreign{"lfs", "version https://git-lfs.github.com/spec/v1\noid sha256:1\n", {"git lfs pull"}},
        Foreign{"web", "<!DOCTYPE html><html></html>", {"web page"}},
        Foreign{"numpy", padded("\x93NUMPY\1\0"s), {"numpy"}},
        Foreign{"gguf", padded("GGUF\3\0\0\0"s), {"GGUF"}},
        Foreign{"hdf5", padded("\x89HDF\r\n\x1a\n"s), {"HDF5"}}),
    [](const auto& kind) { return kind.param.name; });

TEST(UnknownFile, IsToldByWhatItsHeaderClaims) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "m", padded("nothing known", 100));
  EXPECT_THAT(error_of([&] { read_safetensors(folder / "m"); }), HasSubstr("its header claims"));
}

ShapedVector floats(const std::vector<float>& values) { return test::vector_from(values); }

/// A model in two files and its index.
class Sharded : public ::testing::Test {
 protected:
  void SetUp() override {
    write_safetensors(folder_ / "one.safetensors", {{"a", floats({1, 1})}, {"b", floats({2, 2, 2})}},
                      {{"format", "pt"}});
    write_safetensors(folder_ / "two.safetensors", {{"c", floats({3})}});
  }
  std::string error_with(const std::string& map) {
    write_file_atomically(index_, "{\"metadata\": {\"total_size\": 24}, \"weight_map\": " + map + "}");
    return error_of([&] { read_sharded_safetensors(index_); });
  }
  TemporaryFolder folder_;
  std::string index_ = folder_ / "model.safetensors.index.json";
};

TEST_F(Sharded, IsReadAsOneModel) {
  EXPECT_TRUE(is_safetensors_index(index_));
  EXPECT_FALSE(is_safetensors_index(folder_ / "one.safetensors"));
  ASSERT_EQ(error_with(R"({"a": "one.safetensors", "c": "two.safetensors", "b": "one.safetensors"})"), "");
  const Safetensors all = read_sharded_safetensors(index_);
  EXPECT_THAT(all.names, ::testing::UnorderedElementsAre("a", "b", "c"));
  EXPECT_EQ(test::to_std<float>(all.tensors.at("c").values("c").values), std::vector<float>{3});
  EXPECT_EQ(all.metadata.at("format"), "pt");
}

TEST_F(Sharded, RefusesWhatIsNotWhole) {
  const auto ending = [](const std::string& more) {
    return R"({"a": "one.safetensors", "b": "one.safetensors", "c": )" + more + "}";
  };
  EXPECT_THAT(error_with(ending(R"("three.safetensors")")), HasSubstr("three.safetensors"));
  EXPECT_THAT(error_with(ending(R"("../two.safetensors")")), HasSubstr("in the folder of the index"));
  EXPECT_THAT(error_with(ending(R"("two.safetensors", "d": "two.safetensors")")),
              AllOf(HasSubstr("'d' is missing in 'two.safetensors'"), HasSubstr("index.json")));
  EXPECT_THAT(error_with(R"({"a": "one.safetensors", "c": "two.safetensors"})"),
              HasSubstr("'b' of 'one.safetensors' is not in its 'weight_map'"));
  EXPECT_THAT(error_with(ending("7")), HasSubstr("no text"));
  EXPECT_THAT(error_with("[]"), HasSubstr("weight_map"));
  write_safetensors(folder_ / "two.safetensors", {{"c", floats({1})}, {"a", floats({1, 1})}});
  EXPECT_THAT(error_with(ending(R"("two.safetensors")")),
              HasSubstr("'a' should be in 'one.safetensors' and is in 'two.safetensors'"));
}

}  // namespace
}  // namespace muster
