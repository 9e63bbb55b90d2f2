#pragma once

#include <memory>
#include <string>

#include "muster/task/text/tokenizer.h"

namespace muster::inline task {

/// The tokenizer of a SentencePiece model file (Kudo and Richardson, EMNLP 2018). Its end of a document is
/// the model's end-of-sentence piece, where it has one. Text is normalised as the model says: most models
/// make line breaks blanks.
/// The work is done by `muster-tokenizer`, a program beside this one (or in ../libexec/muster/) which lives
/// as long as the tokenizer: libsentencepiece and LibTorch cannot share a process. Throws FileError;
/// DataError for a file that is no such model; Error where the program is missing or has died, in every
/// member as well.
std::unique_ptr<Tokenizer> load_sentence_piece(const std::string& path);

}  // namespace muster::inline task
