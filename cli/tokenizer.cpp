// The program `muster-tokenizer`: libsentencepiece behind a socket (its standard input), for one tokenizer of
// one process. A program of its own because libsentencepiece carries a copy of protobuf whose names hide
// those of the protobuf that LibTorch is built with: together in one process they crash.
#include <sentencepiece_processor.h>

#include <csignal>

#include "muster/task/text/tokenizer_messages.h"

namespace {

using muster::TokenizerMessage;
using muster::TokenizerWord;

TokenizerMessage answer_of(const sentencepiece::util::Status& status, std::string content) {
  return status.ok() ? TokenizerMessage{TokenizerWord::done, std::move(content)}
                     : TokenizerMessage{TokenizerWord::refused, status.message()};
}

TokenizerMessage load(sentencepiece::SentencePieceProcessor& processor, const std::string& model) {
  const auto status = processor.LoadFromSerializedProto(model);
  if (!status.ok()) return answer_of(status, "");
  if (model.empty() || processor.GetPieceSize() < 2) return {TokenizerWord::refused, "it holds no pieces"};
  const int end = processor.eos_id();
  return {TokenizerWord::done, muster::packed({static_cast<uint32_t>(processor.GetPieceSize()),
                                               end < 0 ? UINT32_MAX : static_cast<uint32_t>(end)})};
}

TokenizerMessage answer(sentencepiece::SentencePieceProcessor& processor, const TokenizerMessage& asked) {
  if (asked.word == TokenizerWord::load) return load(processor, asked.content);
  if (!processor.status().ok()) return answer_of(processor.status(), "");
  if (asked.word == TokenizerWord::encode) {
    std::vector<int> ids;
    const auto status = processor.Encode(asked.content, &ids);
    return answer_of(status, muster::packed({ids.begin(), ids.end()}));
  }
  std::vector<int> ids;
  for (const uint32_t token : muster::unpacked(asked.content)) {
    if (token >= static_cast<uint32_t>(processor.GetPieceSize()))
      return {TokenizerWord::refused, "no such token"};
    ids.push_back(static_cast<int>(token));
  }
  std::string text;
  const auto status = processor.Decode(ids, &text);
  return answer_of(status, std::move(text));
}

}  // namespace

int main() {
  std::signal(SIGINT, SIG_IGN);  // this process ends with the one that started it
  sentencepiece::SentencePieceProcessor processor;
  while (const auto asked = muster::receive_message(0)) {
    const TokenizerMessage told = answer(processor, *asked);
    if (!muster::send_message(0, told.word, told.content)) return 1;
  }
  return 0;
}
