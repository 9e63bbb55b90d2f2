#include "muster/task/sentence_piece.h"

#include <fmt/format.h>
#include <sentencepiece_processor.h>

#include "muster/base/error.h"
#include "muster/base/file.h"

namespace muster {

namespace {

class SentencePiece final : public Tokenizer {
 public:
  explicit SentencePiece(const std::string& path) {
    const std::string content = read_file(path);
    const auto status = processor_.LoadFromSerializedProto(content);
    if (content.empty() || !status.ok() || processor_.GetPieceSize() < 2)
      throw DataError(
          fmt::format("'{}' is no SentencePiece model{}; text.tokenizer must be bytes or the "
                      "path of a .model file that spm_train wrote",
                      path, status.ok() ? "" : fmt::format(" ({})", status.message())));
  }

  int64_t vocabulary() const override { return processor_.GetPieceSize(); }

  std::vector<uint32_t> encode(std::string_view text) const override {
    std::vector<int> ids;
    const auto status = processor_.Encode(text, &ids);
    if (!status.ok()) throw DataError(fmt::format("the tokenizer refuses a text: {}", status.message()));
    return {ids.begin(), ids.end()};
  }

  std::string decode(std::span<const uint32_t> tokens) const override {
    for (const uint32_t token : tokens)
      invariant(token < static_cast<uint32_t>(processor_.GetPieceSize()), "a token outside the tokenizer");
    std::string text;
    const auto status = processor_.Decode(std::vector<int>(tokens.begin(), tokens.end()), &text);
    if (!status.ok()) throw DataError(fmt::format("the tokenizer refuses tokens: {}", status.message()));
    return text;
  }

  std::optional<uint32_t> end_of_document() const override {
    const int id = processor_.eos_id();
    return id < 0 ? std::nullopt : std::optional(static_cast<uint32_t>(id));
  }

 private:
  sentencepiece::SentencePieceProcessor processor_;
};

}  // namespace

std::unique_ptr<Tokenizer> load_sentence_piece(const std::string& path) {
  return std::make_unique<SentencePiece>(path);
}

}  // namespace muster
