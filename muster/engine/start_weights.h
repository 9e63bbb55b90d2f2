#pragma once

#include <string>

#include "muster/app/keys/options.h"
#include "muster/flat/layout.h"
#include "muster/flat/vector.h"

namespace muster::inline app {
class Catalogue;
}  // namespace muster::inline app

namespace muster::inline engine {

/// Fills a run's vectors from the model at `path` (run.start_from: whatever read_model reads). The head of a
/// GPT that is not tied begins as a copy of the embedding where the file's head is tied. Throws FileError;
/// DataError as fill_from_tensors; OptionError where the file's network differs from the run's in what no
/// shape shows: gpt.heads, gpt.positions, gpt.tied_head, image.activation, image.pooling.
void fill_from_start(const Catalogue& catalogue, const Configuration& configuration, const std::string& path,
                     const Layout& parameters, Vector& parameter_vector, const Layout& buffers,
                     Vector& buffer_vector);

}  // namespace muster::inline engine
