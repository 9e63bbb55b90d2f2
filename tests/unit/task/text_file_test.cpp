#include "muster/task/text_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/task/sentence_piece.h"
#include "muster/task/token_file.h"
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
      {[&] { read_bytes(folder.path(), "x"); }, "it is no plain file"},
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
