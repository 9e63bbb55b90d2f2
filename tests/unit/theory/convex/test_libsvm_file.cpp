#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>
#include <vector>

#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/theory/convex/libsvm_file.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(LibsvmFile, ReadsSparseAndDenseRows) {
  const SparseRows rows = parse_libsvm("+1 1:0.5 3:-2e-1 \n-1 1:1 2:2 3:3 4:4\n", "t");
  EXPECT_EQ(rows.samples(), 2);
  EXPECT_EQ(rows.features, 4);
  EXPECT_THAT(rows.labels, ElementsAre(1, -1));
  EXPECT_THAT(rows.starts, ElementsAre(0, 2, 6));
  EXPECT_THAT(rows.columns, ElementsAre(0, 2, 0, 1, 2, 3));
  EXPECT_THAT(rows.values, ElementsAre(0.5, -0.2, 1, 2, 3, 4));
}

TEST(LibsvmFile, TakesRowsWithoutFeaturesAndSkipsBlankLines) {
  const SparseRows rows = parse_libsvm("\n1\n  \t \n-1   \n# all of it a comment\n2.5 7:1# behind\n\n", "t");
  EXPECT_THAT(rows.labels, ElementsAre(1, -1, 2.5));
  EXPECT_THAT(rows.starts, ElementsAre(0, 0, 0, 1));
  EXPECT_EQ(rows.features, 7);
}

TEST(LibsvmFile, TakesAnyLineEndAndBlank) {
  const SparseRows rows = parse_libsvm("1\t1:1\t\t2:0\r\n-1 2:+3\r\n1 1:.5 2:5.", "t");
  EXPECT_EQ(rows.samples(), 3);
  EXPECT_THAT(rows.values, ElementsAre(1, 0, 3, 0.5, 5));
}

TEST(LibsvmFile, LeavesAByteOrderMarkOut) {
  EXPECT_THAT(parse_libsvm("\xEF\xBB\xBF-1 1:1\n", "t").labels, ElementsAre(-1));
}

TEST(LibsvmFile, RefusesWhatIsNotUnpackedOrNoPlainFile) {
  const test::TemporaryFolder folder;
  const std::pair<std::string, const char*> cases[] = {
      {std::string("\x1F\x8B\x08\0\0\0\0\0\0\x03..........", 20), "unpack it with gunzip"},
      {"BZh91AY&SY..........", "unpack it with bunzip2"},
      {std::string("\xFF\xFE-\0001\0 \0", 8), "is UTF-16 text; convert it: iconv"}};
  for (const auto& [bytes, told] : cases) {
    write_file_atomically(folder / "data", bytes);
    try {
      read_libsvm(folder / "data");
      ADD_FAILURE() << told;
    } catch (const DataError& error) {
      EXPECT_THAT(error.what(), HasSubstr("'" + (folder / "data") + "' "));
      EXPECT_THAT(error.what(), HasSubstr(told));
    }
  }
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_THROW(read_libsvm(folder / "pipe"), FileError);
  EXPECT_THROW(read_libsvm(folder.path()), FileError);
}

TEST(LibsvmFile, TakesTheLargestIndex) {
  EXPECT_EQ(parse_libsvm("1 100000000:1", "t").features, largest_libsvm_index);
}

struct Malformed {
  std::string text, place, reason;
};

const std::vector<Malformed>& malformed() {
  static const std::vector<Malformed> all = {
      {"", "'t'", "holds no sample"},
      {"\n \n# nothing\n", "'t'", "holds no sample"},
      {"1:1\n", "line 1, column 2", "a label was expected"},
      {"one 1:1\n", "line 1, column 1", "a label was expected, not 'one'"},
      {"1 1\n", "line 1, column 4", "a ':' was expected"},
      {"1 1:\n", "line 1, column 5", "a value is missing"},
      {"1 1: 2:1\n", "line 1, column 5", "a value is missing"},
      {"1 :1\n", "line 1, column 3", "INDEX:VALUE was expected, not ':1'"},
      {"1 a:1\n", "line 1, column 3", "INDEX:VALUE was expected, not 'a:1'"},
      {"1 1:x\n", "line 1, column 5", "a value was expected, not 'x'"},
      {"1 1:1x\n", "line 1, column 6", "a blank was expected behind the value"},
      {"1 1:1,2:1\n", "line 1, column 6", "a blank was expected"},
      {"1 1:1:1\n", "line 1, column 6", "a blank was expected"},
      {"1 1:1 1:2\n", "line 1, column 7", "indices must ascend, 1 follows 1"},
      {"1 1:1\n-1 3:1 2:1\n", "line 2, column 8", "indices must ascend, 2 follows 3"},
      {"1 0:1\n", "line 1, column 3", "at least 1; if this file counts from 0, add 1 to every index"},
      {"1 -1:1\n", "line 1, column 3", "INDEX:VALUE was expected"},
      {"1 1.5:1\n", "line 1, column 4", "a ':' was expected"},
      {"1 100000001:1\n", "line 1, column 3", "above 100000000"},
      {"1 99999999999999999999:1\n", "line 1, column 3", "above 100000000"},
      {"1 1:nan\n", "line 1, column 5", "must be finite"},
      {"1 1:inf\n", "line 1, column 5", "must be finite"},
      {"1 1:-inf\n", "line 1, column 5", "must be finite"},
      {"1 1:1e999\n", "line 1, column 5", "beyond what a double holds"},
      {"1 1:1e-999\n", "line 1, column 5", "beyond what a double holds"},
      {"nan 1:1\n", "line 1, column 1", "must be finite"},
      {"inf 1:1\n", "line 1, column 1", "must be finite"},
      {"1e400 1:1\n", "line 1, column 1", "beyond what a double holds"},
      {"1 qid:3 1:1\n", "line 1, column 3", "qid belongs to ranking"},
      {"\n\n1 2:1\n1 2:0x10\n", "line 4, column 6", "a blank was expected"},
      {"1,1:1\n", "line 1, column 2", "a blank was expected behind the label"},
      {"1\v1:1\n", "line 1, column 2", "a blank was expected behind the label, not '\\x0b1:1'"},
      {std::string("1 1:1\0 2:1\n", 11), "line 1, column 6", "'\\x00'"},
      {"1 1:\xff\xfe"
       "\n",
       "line 1, column 5", "'\\xff\\xfe'"},
      {"+-1 1:1\n", "line 1, column 1", "a label was expected"},
      {"++1 1:1\n", "line 1, column 1", "a label was expected"},
      {"- 1:1\n", "line 1, column 1", "a label was expected"},
      {"1 1:1 2 3:1\n", "line 1, column 8", "a ':' was expected behind the index '2'"},
      {"1 1:1 " + std::string(100, 'z') + "\n", "line 1, column 7", "'" + std::string(30, 'z') + "...'"},
  };
  return all;
}

TEST(LibsvmFile, NamesLineAndColumnOfWhatIsWrong) {
  ASSERT_GE(malformed().size(), 30U);
  for (const Malformed& one : malformed()) {
    try {
      parse_libsvm(one.text, "t");
      ADD_FAILURE() << "was taken: " << one.text;
    } catch (const DataError& error) {
      EXPECT_THAT(error.what(), HasSubstr(one.place)) << one.text;
      EXPECT_THAT(error.what(), HasSubstr(one.reason)) << one.text;
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    }
  }
}

TEST(LibsvmFile, SaysWhichFileIsMissing) {
  EXPECT_THROW(
      {
        try {
          read_libsvm("/nowhere/at all");
        } catch (const FileError& error) {
          EXPECT_THAT(error.what(), HasSubstr("/nowhere/at all"));
          throw;
        }
      },
      FileError);
}

}  // namespace
}  // namespace muster
