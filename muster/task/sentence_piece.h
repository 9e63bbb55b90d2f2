#pragma once

#include <memory>
#include <string>

#include "muster/task/tokenizer.h"

namespace muster {

/// The tokenizer of a SentencePiece model file (Kudo and Richardson, EMNLP 2018). Its end of a document is
/// the model's end-of-sentence piece, where it has one. Text is normalised as the model says: most models
/// make line breaks blanks. Throws FileError; DataError for a file that is no such model.
std::unique_ptr<Tokenizer> load_sentence_piece(const std::string& path);

}  // namespace muster
