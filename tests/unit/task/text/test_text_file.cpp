#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <functional>

#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/task/text/sentence_piece.h"
#include "muster/task/text/text_file.h"
#include "muster/task/text/token_file.h"
#include "tests/support/sentence_piece_model.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using test::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<int64_t> all_of(const Tokens& tokens, int64_t vocabulary = int64_t{1} << 32) {
  std::vector<int64_t> values(static_cast<size_t>(tokens.size()));
  tokens.copy(0, vocabulary, values);
  return values;
}

TEST(Tokens, OfAFileAreLittleEndianIntegers) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "t", std::string("\x01\x02\xFF\x00\x00\x00\x01\x80", 8));
  EXPECT_THAT(all_of(tokens_of_file(folder / "t", TokenType::uint8)),
              ElementsAre(1, 2, 255, 0, 0, 0, 1, 128));
  EXPECT_THAT(all_of(tokens_of_file(folder / "t", TokenType::uint16)), ElementsAre(0x0201, 255, 0, 0x8001));
  EXPECT_THAT(all_of(tokens_of_file(folder / "t", TokenType::uint32)), ElementsAre(0xFF0201, 0x80010000));
}

TEST(Tokens, InMemoryTakeTheNarrowestType) {
  for (const auto& [vocabulary, type] : {std::pair{256, 1}, std::pair{257, 2}, std::pair{65537, 4}}) {
    const Tokens tokens = Tokens::of({0, 7, static_cast<uint32_t>(vocabulary - 1)}, vocabulary, "test");
    EXPECT_EQ(tokens.bytes().size(), static_cast<size_t>(3 * type));
    EXPECT_THAT(all_of(tokens), ElementsAre(0, 7, vocabulary - 1));
    EXPECT_EQ(tokens.part(1, 2)[0], 7);
  }
}

TEST(Tokens, OutsideTheVocabularyAreToldWithTheirPlace) {
  const Tokens tokens = Tokens::of({5, 6, 7, 300, 8, 9}, 1000, "some.bin").part(2, 4);
  std::vector<int64_t> out(2);
  tokens.copy(2, 300, out);
  EXPECT_THAT(out, ElementsAre(8, 9));
  const std::function<void()> reads[] = {[&] { tokens.copy(0, 300, out); }, [&] { tokens.check(300, 100); }};
  for (const auto& read : reads) {
    try {
      read();
      ADD_FAILURE() << "was accepted";
    } catch (const DataError& error) {
      EXPECT_THAT(error.what(),
                  HasSubstr("'some.bin': token 3 (at byte 6) is 300; a vocabulary of 300 tokens "
                            "ends at 299"));
    }
  }
  EXPECT_NO_THROW(tokens.check(300, 1));
  EXPECT_NO_THROW(tokens.check(301, 100));
}

TEST(TextFile, DocumentsEndWithTheSeparator) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "t", "one\nline\n\ntwo\n\n\n\nthree\n\n");
  const Text text = read_bytes(folder / "t", "\n\n");
  EXPECT_THAT(text.documents, ElementsAre(0, 10, 17));
  EXPECT_EQ(text.tokens.bytes().substr(17), "three\n\n");
  EXPECT_THAT(read_bytes(folder / "t", "###").documents, ElementsAre(0));
  EXPECT_THAT(documents_ended_by(Tokens::of({4, 0, 5, 6, 0, 0, 7, 0}, 9, ""), 0), ElementsAre(0, 2, 5, 6));
}

TEST(TextFile, ALineBreakOfASeparatorMayBeWrittenWithACarriageReturn) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "t", "one\r\nline\r\n\r\ntwo\r\n\r\n\r\n\r\nthree\n\r\nfour\r\n\r\n");
  const Text text = read_bytes(folder / "t", "\n\n");
  EXPECT_THAT(text.documents, ElementsAre(0, 13, 24, 32));
  EXPECT_EQ(text.tokens.bytes().substr(32), "four\r\n\r\n");
  EXPECT_THAT(read_bytes(folder / "t", "\nline\n").documents, ElementsAre(0, 11));
}

// Pieces of a megabyte may end anywhere in a separator.
TEST(TextFile, DocumentsOfLongTextsAreFoundAcrossPieces) {
  const TemporaryFolder folder;
  for (const size_t first : {(1U << 20) - 4, (1U << 20) - 3, (1U << 20) - 2, (1U << 20) - 1, 1U << 20}) {
    write_file_atomically(folder / "t", std::string(first, 'a') + "\r\n\r\n" + std::string(9, 'b') + "\n\nc");
    EXPECT_THAT(read_bytes(folder / "t", "\n\n").documents,
                ElementsAre(0, static_cast<int64_t>(first) + 4, static_cast<int64_t>(first) + 15));
  }
}

TEST(TextFile, AByteOrderMarkIsLeftOutAndTold) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "t", "\xEF\xBB\xBFone\n\ntwo");
  const Text text = read_bytes(folder / "t", "\n\n");
  EXPECT_EQ(text.tokens.bytes(), "one\n\ntwo");
  EXPECT_THAT(text.documents, ElementsAre(0, 5));
  EXPECT_EQ(introduction_of(text, "training"), "training text: 8 tokens in 2 documents of '" +
                                                   (folder / "t") +
                                                   "'; left out: the byte order mark at its beginning");
}

std::string as_utf16(const std::string& text, bool marked) {
  std::string wide = marked ? "\xFF\xFE" : "";
  for (const char c : text) wide += std::string(1, c) + std::string(1, '\0');
  return wide;
}

TEST(TextFile, RefusesWhatIsNotUnpackedOrOfAnotherEncoding) {
  const TemporaryFolder folder;
  const std::string words = "These are more than thirty-two letters of plain text.";
  const std::pair<std::string, const char*> cases[] = {
      {std::string("\x1F\x8B\x08\0\0\0\0\0\0\x03..........", 20),
       "is compressed by gzip; unpack it with gunzip"},
      {std::string("\xFD"
                   "7zXZ\0....",
                   10),
       "unxz"},
      {std::string("\x28\xB5\x2F\xFD....", 8), "unzstd"},
      {"BZh91AY&SY..........", "bunzip2"},
      {std::string("PK\3\4....", 8), "unzip"},
      {"%PDF-1.7", "pdftotext"},
      {std::string(257, 'a') + "ustar" + std::string(50, '\0'), "tar xf"},
      {as_utf16("ab", true), "is UTF-16 text; convert it: iconv -f UTF-16 -t UTF-8"},
      {as_utf16(words, false), "iconv -f UTF-16LE"}};
  for (const auto& [bytes, told] : cases) {
    SCOPED_TRACE(told);
    write_file_atomically(folder / "t", bytes);
    try {
      read_bytes(folder / "t", "\n\n");
      ADD_FAILURE() << "was accepted";
    } catch (const DataError& error) {
      EXPECT_THAT(error.what(), HasSubstr("'" + (folder / "t") + "' "));
      EXPECT_THAT(error.what(), HasSubstr(told));
    }
  }
}

template <class Integer>
std::string integers(size_t count, size_t step = 7) {
  std::string bytes;
  for (size_t i = 0; i < count; ++i) {
    const auto value = static_cast<Integer>(i * step % 50000);
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  return bytes;
}

TEST(TokenFile, IntegersOfAnotherWidthAreNoticed) {
  const TemporaryFolder folder;
  const auto refusal = [&](const std::string& bytes, TokenType type) -> std::string {
    write_file_atomically(folder / "t", bytes);
    try {
      require_tokens_of(folder / "t", type);
    } catch (const DataError& error) {
      return error.what();
    }
    return "accepted";
  };
  const std::string int64s = integers<int64_t>(1000), int32s = integers<int32_t>(1000);
  EXPECT_THAT(refusal(int64s, TokenType::uint16), HasSubstr("integers of 8 bytes"));
  EXPECT_THAT(refusal(int64s, TokenType::uint16), HasSubstr("dtype='int64').astype('uint32').tofile(NEW)"));
  EXPECT_THAT(refusal(int64s, TokenType::uint32), HasSubstr("integers of 8 bytes"));
  EXPECT_THAT(refusal(int32s, TokenType::uint16), HasSubstr("use text.token_type uint32"));
  EXPECT_THAT(refusal(int32s, TokenType::uint8), HasSubstr("integers of 4 bytes"));
  EXPECT_THAT(refusal(std::string("\x93NUMPY") + int64s, TokenType::uint16), HasSubstr("NumPy"));
  std::string words;
  while (words.size() < 1000) words += "plain text\n";
  EXPECT_THAT(refusal(words, TokenType::uint16), HasSubstr("task.name text"));
  EXPECT_EQ(refusal(words, TokenType::uint8), "accepted");
  EXPECT_EQ(refusal(int32s, TokenType::uint32), "accepted");
  EXPECT_EQ(refusal(integers<uint16_t>(1000), TokenType::uint16), "accepted");
  EXPECT_EQ(refusal(integers<uint16_t>(1000, 0), TokenType::uint16), "accepted") << "zeros alone are tokens";
  EXPECT_EQ(refusal(integers<int64_t>(20), TokenType::uint16), "accepted") << "too few to tell";
}

TEST(TokenFile, APipeIsRefusedAtOnce) {
  const TemporaryFolder folder;
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_THROW(tokens_of_file(folder / "pipe", TokenType::uint8), FileError);
  EXPECT_THROW(read_bytes(folder / "pipe", "\n"), FileError);
}

// Held in memory: what training reads stays what it was.
TEST(TokenFile, AFileThatIsShortenedIsToldAndNoCrash) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "t", std::string(100'000, 'a'));
  const Tokens held = tokens_of_file(folder / "t", TokenType::uint8);
  const auto file = std::make_shared<const PlainFile>(folder / "t");
  const Tokens read = Tokens::of_file(file, 0, TokenType::uint8, file->size(), false).part(100, 99'900);
  EXPECT_EQ(held.problem(), std::nullopt);
  EXPECT_EQ(read[99'899], 'a');
  std::filesystem::resize_file(folder / "t", 5000);
  EXPECT_EQ(held[99'999], 'a');
  EXPECT_THAT(held.problem().value_or(""), HasSubstr("has 5000 bytes now, it had 100000"));
  EXPECT_EQ(read[4899], 'a');
  try {
    std::vector<int64_t> window(10);
    read.copy(4895, 256, window);
    FAIL() << "was read";
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(),
                HasSubstr("'" + (folder / "t") + "' ends at byte 5000 now, it had 100000 bytes"));
  }
  EXPECT_NE(read.problem(), std::nullopt);
}

TEST(TextFile, SeparatorsMayHoldEscapes) {
  EXPECT_EQ(unescaped_separator("\\n\\n"), "\n\n");
  EXPECT_EQ(unescaped_separator("a\\t\\\\n"), "a\t\\n");
  EXPECT_THROW(unescaped_separator("\\x"), OptionError);
  EXPECT_THROW(unescaped_separator("\\"), OptionError);
  EXPECT_THROW(unescaped_separator(""), OptionError);
}

class SentencePieceFile : public ::testing::Test {
 protected:
  SentencePieceFile() { write_file_atomically(path(), test::small_sentence_piece_model()); }
  std::string path() const { return folder_ / "small.model"; }
  TemporaryFolder folder_;
};

TEST_F(SentencePieceFile, TokenisesBothWays) {
  const auto tokenizer = load_sentence_piece(path());
  EXPECT_EQ(tokenizer->vocabulary(), 3 + 4 + 26);
  EXPECT_EQ(tokenizer->end_of_document(), 2U);
  // 3: blank, 4: " the", 5: " a", 6: "ing", 7 ...: letters.
  EXPECT_THAT(tokenizer->encode("the king"), ElementsAre(4, 3, 7 + 10, 6));
  EXPECT_EQ(tokenizer->decode(tokenizer->encode("a king and the thing")), "a king and the thing");
  EXPECT_THAT(tokenizer->encode(""), ElementsAre());
  EXPECT_THAT(tokenizer->encode("!"), ElementsAre(3, 0));
  EXPECT_THROW(tokenizer->decode(std::vector<uint32_t>{33}), DataError);
  EXPECT_EQ(tokenizer->decode(std::vector<uint32_t>{4}), "the");
}

TEST_F(SentencePieceFile, EncodesDocumentByDocument) {
  const auto tokenizer = load_sentence_piece(path());
  write_file_atomically(folder_ / "t", "\n\nthe king\n\n\n\na\nthing\n\n");
  const Text text = read_text(folder_ / "t", *tokenizer, "\n\n");
  const auto first = tokenizer->encode("the king");
  EXPECT_THAT(text.documents, ElementsAre(0, first.size() + 1));
  std::vector<int64_t> expected(first.begin(), first.end());
  expected.push_back(2);
  for (const uint32_t token : tokenizer->encode("a\nthing")) expected.push_back(token);
  expected.push_back(2);
  EXPECT_EQ(all_of(text.tokens), expected);
}

TEST_F(SentencePieceFile, LongDocumentsAreCutAtLinesOnly) {
  const auto tokenizer = load_sentence_piece(path());
  std::string long_text;
  while (long_text.size() < 200000) long_text += "the king and a thing\n";
  write_file_atomically(folder_ / "t", long_text);
  const Text text = read_text(folder_ / "t", *tokenizer, "\n\n");
  const auto line = static_cast<int64_t>(tokenizer->encode("the king and a thing").size());
  EXPECT_GE(text.tokens.size(), line * static_cast<int64_t>(long_text.size() / 21));
  std::vector<int64_t> begin(static_cast<size_t>(line));
  text.tokens.copy(0, 33, begin);
  for (int64_t i = 0; i < line; ++i)
    EXPECT_EQ(begin[static_cast<size_t>(i)],
              tokenizer->encode("the king and a thing")[static_cast<size_t>(i)]);
}

TEST(TextFile, RefusesWhatItCannotRead) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "empty", "");
  write_file_atomically(folder / "five", "12345");
  write_file_atomically(folder / "words", "no model, just words");
  const auto missing = [&](const char* name) { return "'" + (folder / name) + "'"; };
  const struct {
    std::function<void()> read;
    std::string message;
  } cases[] = {
      {[&] { read_bytes(folder / "none", "x"); }, "cannot read " + missing("none") + ": No such file"},
      {[&] { read_bytes(folder.path(), "x"); }, "it is a folder, not a file"},
      {[&] { read_bytes(folder / "empty", "x"); }, missing("empty") + " is empty"},
      {[&] { tokens_of_file(folder / "five", TokenType::uint16); },
       missing("five") + " has 5 bytes, 1 more than 2 whole tokens of 2 bytes; it is truncated, or "
                         "text.token_type is another"},
      {[&] { tokens_of_file(folder / "none", TokenType::uint16); }, "cannot read " + missing("none")},
      {[&] { load_sentence_piece(folder / "none"); }, "none"},
      {[&] { load_sentence_piece(folder / "words"); }, missing("words") + " is no SentencePiece model"},
      {[&] { load_sentence_piece(folder / "empty"); }, missing("empty") + " is no SentencePiece model"},
  };
  for (const auto& bad : cases) {
    try {
      bad.read();
      ADD_FAILURE() << "was accepted: " << bad.message;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(bad.message));
    }
  }
}

}  // namespace
}  // namespace muster
