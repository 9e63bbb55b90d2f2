#pragma once

#include <string>

#include "muster/task/images/images.h"

namespace muster::inline task {

/// Reads CIFAR's binary files (Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009),
/// any number of records each:
///   CIFAR-10 form: data_batch_1.bin, data_batch_2.bin, ... without a gap (one or more) and test_batch.bin;
///                  records of 1 label byte (0-9) and 3 x 32 x 32 pixel bytes;
///   CIFAR-100 form: train.bin and test.bin; records of 1 coarse (0-19) and 1 fine (0-99) label byte and as
///                  many pixel bytes; the fine label is taken.
/// `source` of the images says which files were read, and how many records each has where they differ. Throws
/// FileError (missing or unreadable folder or file, no plain file) and DataError (size not a whole number of
/// records, no record, label out of range, a gap in the batches, packed files), naming the file.
ImageSets load_cifar(const std::string& folder);

}  // namespace muster::inline task
