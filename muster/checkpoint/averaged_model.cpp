#include "muster/checkpoint/averaged_model.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "muster/base/error.h"
#include "muster/flat/vector.h"

namespace muster::inline checkpoint {

namespace {

ShapedVector part_of(const Vector& vector, const Piece& piece) {
  return {vector.part(piece.offset, piece.size), piece.shape};
}

}  // namespace

NamedTensors named_tensors(const Layout& parameters, const Vector& parameter_vector, const Layout& buffers,
                           const Vector& buffer_vector) {
  NamedTensors named;
  for (const auto& piece : parameters.pieces())
    named.emplace_back(piece.name, part_of(parameter_vector, piece));
  for (const auto& piece : buffers.pieces()) named.emplace_back(piece.name, part_of(buffer_vector, piece));
  return named;
}

namespace {

void fill(const std::string& path, const std::map<std::string, StoredTensor>& tensors, const Layout& layout,
          const Vector& vector) {
  for (const auto& piece : layout.pieces()) {
    const auto found = tensors.find(piece.name);
    if (found == tensors.end())
      throw DataError(fmt::format("'{}' has no tensor '{}': it holds another model than the one asked for",
                                  path, piece.name));
    const StoredTensor& stored = found->second;
    if (stored.shape != piece.shape || !is_floating(stored.type))
      throw DataError(fmt::format("'{}': tensor '{}' has shape [{}], the model wants [{}] of a floating type",
                                  path, piece.name, fmt::join(stored.shape, ", "),
                                  fmt::join(piece.shape, ", ")));
    vector.part(piece.offset, piece.size).copy_from(stored.reals(vector.type()));
  }
}

}  // namespace

void fill_from_tensors(const std::string& path, const std::map<std::string, StoredTensor>& tensors,
                       const Layout& parameters, Vector& parameter_vector, const Layout& buffers,
                       Vector& buffer_vector) {
  fill(path, tensors, parameters, parameter_vector);
  fill(path, tensors, buffers, buffer_vector);
  const size_t known = parameters.pieces().size() + buffers.pieces().size();
  if (tensors.size() == known) return;
  for (const auto& [name, tensor] : tensors) {
    const auto is_named = [&, &wanted = name](const Piece& piece) { return piece.name == wanted; };
    const auto in = [&](const Layout& layout) {
      return std::any_of(layout.pieces().begin(), layout.pieces().end(), is_named);
    };
    // PyTorch's own BatchNorm counts its batches; the count changes no output.
    if (in(parameters) || in(buffers) || name.ends_with("num_batches_tracked")) continue;
    throw DataError(fmt::format("'{}' has a tensor '{}' that the model does not know", path, name));
  }
}

}  // namespace muster::inline checkpoint
